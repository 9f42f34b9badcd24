"""The way from MLflow 1.5.0 on a file share to MLflow 3 on PostgreSQL, and back.

What 3 needs is made beside the running server, with a temporary web app on the same plan that has the share mounted and
the identity of 3 (beside.py). Asked over HTTP, it moves the runs in passes (moving.py), so neither this machine nor its
network has to reach the database. For the last pass the server is stopped; then its web app becomes MLflow 3
(changeover.py). upgrading.py goes the whole way; where it stands, the tags of the web app say.
"""
