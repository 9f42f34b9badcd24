"""Dumping and loading the database of MLflow 3.

A temporary web app (site.py) runs on the deployment's plan, with the identity that the database accepts, and works on
HTTP requests. Its files go through a folder of the blob container, for which it also issues the
SAS (access.py). So nobody needs access to the database or a role, and nothing has to be cleaned up but
the web app itself, which every later command finds by its name.
"""
