"""The WSGI application that gunicorn serves: MLflow's own, guarded.

Does once, before the workers are forked, what `mlflow server` does before it starts gunicorn.
"""

import os

_file_store = os.environ["MLFLOW_SERVER_FILE_STORE"]
_artifact_root = os.environ["MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"]

# MLflow reads these two names wherever it opens its store; `mlflow server` sets them for its workers.
os.environ["_MLFLOW_SERVER_FILE_STORE"] = _file_store
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = _artifact_root

from mlflow.server import app  # noqa: E402 - after the names that it reads

from mlflow_app import artifacts, guard, revision, store  # noqa: E402 - they import MLflow

__all__ = ["app"]

store.initialize(_file_store, _artifact_root)
store.create_experiments_one_at_a_time(app)
guard.install(app, _artifact_root)
revision.install(app)
artifacts.confine(_artifact_root)
