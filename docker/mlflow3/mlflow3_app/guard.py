"""What stands between callers and MLflow 3, where MLflow alone would let them pass.

An experiment's artifact location may be any directory of the server, which hands it out then. A path may climb with
backslashes, which Azure's blob service may read as slashes. The assistant runs programs for whoever asks from this
machine, and all callers seem to where a proxy stands beside the server; jobs are off in this image.
"""

from fastapi import FastAPI
from mlflow.exceptions import MlflowException
from mlflow.server import artifact_router, handlers
from mlflow.server.assistant.api import assistant_router
from mlflow.server.job_api import job_api_router

from mlflow3_app.locations import climbs, is_artifact_location

_NOT_SERVED = (assistant_router, job_api_router)
_OF_MODELS = "source"  # MLflow itself compares it with the run's or model's location


def install(app: FastAPI, destination: str) -> None:
    """Put the guard into MLflow's application, whose own artifacts go to `destination`."""
    _check_locations(destination)
    _check_paths()
    app.router.routes[:] = [
        route for route in app.router.routes if getattr(route, "original_router", None) not in _NOT_SERVED
    ]


def _check_locations(destination: str) -> None:
    """Add a check to the one that MLflow makes of each location that a caller names."""
    check_scheme = handlers._validate_artifact_uri_scheme  # noqa: SLF001 - no hook is offered

    def check(uri: str, field_name: str) -> None:
        check_scheme(uri, field_name)
        if field_name != _OF_MODELS and not is_artifact_location(uri, destination):
            raise MlflowException.invalid_parameter_value(
                f"'{field_name}' must be in a remote store, or inside the server's artifact destination."
            )

    handlers._validate_artifact_uri_scheme = check  # noqa: SLF001


def _check_paths() -> None:
    """Add a check to the one that MLflow makes of each path inside a run's, a model's or all artifacts."""
    check_path = handlers.validate_path_is_safe

    def check(path: str) -> str:
        if climbs(path):
            raise MlflowException.invalid_parameter_value("The path must be inside the artifacts.")
        return str(check_path(path))

    handlers.validate_path_is_safe = artifact_router.validate_path_is_safe = check
