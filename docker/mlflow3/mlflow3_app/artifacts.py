"""How the server opens artifacts: only where they may be, and Azure's by managed identity."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry as registry

from mlflow3_app.locations import account_of, is_artifact_location

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

_LEAD_ELSEWHERE = frozenset({"runs", "models"})  # what they lead to is opened through the registry as well

Open = Callable[..., Any]


def confine(destination: str, blob_endpoint: str) -> None:
    """Have MLflow open no location outside of `destination` that could not be an experiment's, whoever wrote it.

    Args:
        destination: Where the server's own artifacts go.
        blob_endpoint: Where its account is reached: MLflow makes up the host from the URI, which is wrong in other
            clouds. "" leaves that, and the credential, to MLflow.

    """
    for scheme, open_ in list(registry.get_registered_artifact_repositories().items()):
        if scheme not in _LEAD_ELSEWHERE:
            registry.register(scheme, _confined(open_, destination))
    if blob_endpoint:
        opened = registry.get_registered_artifact_repositories()["wasbs"]
        registry.register("wasbs", _by_identity(opened, destination, blob_endpoint))


def _confined(open_: Open, destination: str) -> Open:
    def open_confined(artifact_uri: str, **options: Any) -> Any:
        if not is_artifact_location(artifact_uri, destination):
            raise MlflowException(
                "These artifacts are neither in a remote store nor in the server's artifact destination.",
                PERMISSION_DENIED,
            )
        return open_(artifact_uri, **options)

    return open_confined


def _by_identity(open_: Open, destination: str, blob_endpoint: str) -> Open:
    own = account_of(urlparse(destination).hostname or "")

    def open_as_identity(artifact_uri: str, **options: Any) -> Any:
        if account_of(urlparse(artifact_uri).hostname or "") == own:
            options["client"] = _client(blob_endpoint)
        return open_(artifact_uri, **options)

    return open_as_identity


@cache
def _client(blob_endpoint: str) -> "BlobServiceClient":
    from azure.storage.blob import BlobServiceClient

    from mlflow3_app.identity import credential

    return BlobServiceClient(blob_endpoint, credential=credential())
