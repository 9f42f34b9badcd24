"""How the image serves MLflow: the environment that it reads, and where it is asked whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.settings import Settings

ARTIFACT_PATH = "mlartefacts"
PROBE_PATH = "/api/2.0/mlflow/experiments/list"
"""MLflow 1.5.0 has no /health."""
IMAGE_HEADER = "MLflow-Azure-Image"
"""Header of every answer: the digest of the image that serves it, as the app settings told it."""


def server_environment(settings: Settings) -> dict[str, str]:
    """What follows from the settings alone, under the names that image and App Service read."""
    return {
        "WEBSITES_PORT": str(settings.mlflow_port),
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "true",
        "MLFLOW_SERVER_HOST": settings.mlflow_host,
        "MLFLOW_SERVER_PORT": str(settings.mlflow_port),
        "MLFLOW_SERVER_WORKERS": str(settings.mlflow_workers),
        "MLFLOW_SERVER_FILE_STORE": settings.mlflow_filestore,
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": artifact_root(settings),
    }


def artifact_root(settings: Settings) -> str:
    """The URI of the artifacts.

    MLflow 1.5.0 accepts only `blob.core.windows.net` here, in every cloud; the host it talks to is the one of
    the connection string (mlflow/store/artifact/azure_blob_artifact_repo.py).
    """
    account, container = settings.storage_account_name, settings.storage_container_name
    return f"wasbs://{container}@{account}.blob.core.windows.net/{ARTIFACT_PATH}"
