"""The database of MLflow 3, out and in.

A temporary web app (site.py) runs on the deployment's plan, as the identity that the database lets in, and does what it
is asked for over HTTP. What it writes and reads goes through a folder of the blob container, which it also gives the
key to (access.py). So nobody has to be let in to the database, or to get a role, and nothing has to be taken back but
the web app itself, which every later command finds under its name.
"""
