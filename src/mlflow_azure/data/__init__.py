"""Backup and restore of a deployment's data.

    backup    freeze the file share → list and copy share and blobs in parallel → write the manifest → release
    verify    read the manifest → compare every file with its SHA-256; needs no Azure
    restore   read the target → copy the blobs → copy the share → compare the target with the backup

Each kind of data is a `Source` and a `Target` (parts.py), in its own file: share_files.py, blobs.py. Neither the copy
loop nor the manifest depends on the kind, so a new kind is a new file, added to deployment/stored_data.py.
"""
