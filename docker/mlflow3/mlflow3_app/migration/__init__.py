"""Moves the runs of an MLflow 1.5.0 file store into the database of MLflow 3, while the old server goes on.

A pass (passes.py) looks at every file of the store, reads the runs that changed since the pass before (file_store.py),
writes them (database.py), reads them back and compares the two, all in one transaction. So a pass can be killed and
done again, and the last one, with the old server stopped, has little left to do. MLflow's own `migrate-filestore`
writes sqlite only, wants an empty database, and ends at the first metric point that a client has sent twice.

`python -m mlflow3_app.migration DIRECTORY` does one pass and prints what came of it; service.py does them when asked
over HTTP.
"""
