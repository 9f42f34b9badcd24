"""Takes the database out, and brings it back: for backups, restores, and upgrades of the schema.

It runs where the database is, as the identity that may open it, in a temporary web app that is asked over HTTP
(tasks.py). So whoever makes a backup needs neither a way to the database nor an account in it. Files travel through a
folder of the blob container (container.py), which both sides reach.
"""
