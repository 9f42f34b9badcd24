"""MLflow's ASGI application, guarded. Reads what __main__.py has set, and connects to nothing: workers.py forks it."""

import os
import warnings

from mlflow3_app import database  # noqa: F401 - it signs connections in
from mlflow3_app.sparing import sparing

with warnings.catch_warnings(), sparing(gateway=os.environ["MLFLOW_ENABLE_AI_GATEWAY"] == "true"):
    warnings.simplefilter("ignore")  # MLflow's own, of its packages
    from mlflow.server.fastapi_app import app as mlflow_app

from mlflow3_app import artifacts, connections, guard, webhooks  # after MLflow, which they import
from mlflow3_app.revision import Revision

_destination = os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"]
guard.install(_destination)
connections.share(
    sum(int(os.environ[f"MLFLOW_SQLALCHEMYSTORE_{part}"]) for part in ("POOL_SIZE", "MAX_OVERFLOW")),
)
webhooks.install(has_key=bool(os.environ.get(webhooks.KEY)))
artifacts.confine(_destination, os.environ.get("MLFLOW_SERVER_BLOB_ENDPOINT", ""))

app = Revision(mlflow_app)
