"""What stands between callers and MLflow 1.5.0.

MLflow 1.5.0 joins the path that a caller sends to a directory of the server and opens the result: `..` and
absolute paths leave that directory, and `/get-artifact` truncates the file that they lead to. An experiment
whose artifact location is a local path hands out the server's files. Both are refused here, with the
parameters read by MLflow's own functions, so that no second reading of a request can differ from the first.
"""

from typing import Any

from flask import Flask, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.protos.model_registry_pb2 import CreateModelVersion
from mlflow.protos.service_pb2 import CreateExperiment, ListArtifacts
from mlflow.server import handlers
from querystring_parser import parser

from mlflow_app.paths import is_artifact_location, is_inside


def install(app: Flask, artifact_root: str) -> None:
    """Put the guard in front of MLflow's application, whose default artifact root is `artifact_root`."""
    checks = {
        "serve_artifacts": lambda: _check_path(_query().get("path", "")),
        "_list_artifacts": lambda: _check_path(_message(ListArtifacts()).path),
        "_create_experiment": lambda: _check_location(_message(CreateExperiment()).artifact_location, artifact_root),
        "_create_model_version": lambda: _check_location(_message(CreateModelVersion()).source, artifact_root),
    }

    @app.before_request
    @handlers.catch_mlflow_exception
    def check() -> None:
        if request.endpoint in checks:
            checks[request.endpoint]()


def _check_path(path: Any) -> None:
    """Refuse an artifact path that is not inside the run's artifacts; one sent twice arrives as a list."""
    if not isinstance(path, str) or not is_inside(path):
        raise MlflowException("The path must be inside the run's artifacts.", INVALID_PARAMETER_VALUE)


def _check_location(location: str, artifact_root: str) -> None:
    """Refuse an artifact location on the server's own disk, but for the server's own artifact root."""
    if location and not is_artifact_location(location, artifact_root):
        raise MlflowException(
            "The artifact location must be in a remote store, or inside the server's artifact root.",
            INVALID_PARAMETER_VALUE,
        )


def _query() -> dict[str, Any]:
    return parser.parse(request.query_string.decode(), normalized=True)


def _message(message: Any) -> Any:
    return handlers._get_request_message(message)  # noqa: SLF001 - MLflow's own reading of the request
