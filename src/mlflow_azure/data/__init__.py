"""The data of a deployment: to a directory, and back.

    backup    freeze the file share → list and copy share and blobs at the same time → write the manifest → release
    verify    read the manifest → compare every file with its SHA-256; needs no Azure
    restore   look at what is there → copy the blobs → copy the share → compare what is there with what was to be

A kind of data is a `Source` and a `Target` (parts.py), in a file of its own: share_files.py, blobs.py. Neither the copy
loop nor the manifest knows what lies behind one, so another kind is another file, named in deployment/stored_data.py.
"""
