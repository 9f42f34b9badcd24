"""The upgrade from MLflow 1.5.0 on a file share to MLflow 3 on PostgreSQL, and the way back.

What 3 needs is created next to the running server, with a temporary web app on the same plan that mounts the share and
has the identity of 3 (beside.py). Requested over HTTP, it moves the runs in passes (moving.py), so neither this machine
nor its network has to reach the database. For the last pass the server is stopped; then its web app is switched to
MLflow 3 (changeover.py). upgrading.py runs all of it; the web app's tags record its state.
"""
