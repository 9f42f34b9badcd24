"""What stands between callers and MLflow 3, where MLflow alone would let them pass.

An experiment's artifact location may be any directory of the server, which hands it out then. A path may climb with
backslashes, which Azure's blob service may read as slashes. And what is not loaded (sparing.py) is not served: the
assistant, which runs programs for whoever asks from this machine, as all callers seem to where a proxy stands beside
the server; jobs, which are off in this image.
"""

from mlflow.exceptions import MlflowException
from mlflow.server import artifact_router, handlers

from mlflow3_app.locations import climbs, is_artifact_location

_OF_MODELS = "source"  # MLflow itself compares it with the run's or model's location


def install(destination: str) -> None:
    """Put the guard into MLflow, whose own artifacts go to `destination`."""
    _check_locations(destination)
    _check_paths()


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
