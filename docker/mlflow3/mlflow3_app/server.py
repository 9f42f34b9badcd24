"""The ASGI application that each of uvicorn's workers loads: MLflow's own, guarded. Reads what __main__.py has set."""

import gc
import os
import warnings

gc.disable()  # to look through what the imports make takes a fifth of the start, and finds nothing
# ruff: noqa: E402 - so it comes before them

from mlflow3_app import database  # noqa: F401 - it signs connections in

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of its packages
    from mlflow.server.fastapi_app import app as mlflow_app

from mlflow3_app import artifacts, connections, guard
from mlflow3_app.revision import Revision

_destination = os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"]
guard.install(mlflow_app, _destination)
connections.share(
    sum(int(os.environ[f"MLFLOW_SQLALCHEMYSTORE_{part}"]) for part in ("POOL_SIZE", "MAX_OVERFLOW")),
)
connections.open_stores()
artifacts.confine(_destination, os.environ.get("MLFLOW_SERVER_BLOB_ENDPOINT", ""))

_digest = os.environ.get("MLFLOW_AZURE_IMAGE_DIGEST")
app = Revision(mlflow_app, _digest) if _digest else mlflow_app

gc.freeze()  # what is there by now stays
gc.enable()
