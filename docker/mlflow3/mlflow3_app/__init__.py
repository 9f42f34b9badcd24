"""MLflow 3 as a server on PostgreSQL and Azure Blob Storage, without a secret.

`python -m mlflow3_app` reads the settings (settings.py), prepares the database (schema.py), and serves: uvicorn loads
server.py, or forks workers that do (workers.py). That is MLflow's own application (application.py), with a fresh token
for each connection to the database (database.py), which requests share (connections.py), artifacts by managed identity
(artifacts.py), and what callers may not do refused (guard.py).
"""
