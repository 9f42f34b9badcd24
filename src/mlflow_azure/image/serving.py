"""How the image serves MLflow: the environment that it reads, and where it is asked whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.settings import Settings

ARTIFACT_PATH = "mlartefacts"
PROBE_PATHS = {
    FILE_SHARE: "/api/2.0/mlflow/experiments/list",
    POSTGRES: "/api/2.0/mlflow/experiments/search?max_results=1",
}
"""What shows that MLflow and its store answer. 1.5.0 has no /health, and that of 3 does not ask the database."""
HEALTH_PATH = "/health"
"""Where MLflow 3 says that the process answers, whatever its database does, and for any Host header."""
HOST_REFUSED = "Invalid Host header"
"""What MLflow 3 says, with status 403, where it is asked under a name that it was not told."""
START_SECONDS = "600"
"""App Service waits 230 s for a container by default, 1,800 at most. MLflow 3 makes its tables at the first start, and
waits for other instances that do. https://learn.microsoft.com/azure/app-service/reference-app-settings"""
IMAGE_HEADER = "MLflow-Azure-Image"
"""Header of every answer: the digest of the image that serves it, as the app settings told it."""
KEYS_HEADER = "MLflow-Azure-Keys-Rotated"
"""Header of every answer of 1.5.0: when its keys were rotated, as the app settings told it."""


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


def postgres_environment(settings: Settings) -> dict[str, str | None]:
    """The same of MLflow 3. None stands for what only 1.5.0 reads, or would make it look for a key.

    MLflow takes a connection string before an identity wherever the variable exists, even empty
    (mlflow/store/artifact/azure_blob_artifact_repo.py).
    """
    return {
        "WEBSITES_PORT": str(settings.mlflow_port),
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
        "WEBSITES_CONTAINER_START_TIME_LIMIT": START_SECONDS,
        "MLFLOW_SERVER_HOST": settings.mlflow_host,
        "MLFLOW_SERVER_PORT": str(settings.mlflow_port),
        "MLFLOW_SERVER_WORKERS": str(settings.mlflow_workers),
        "MLFLOW_SERVER_ARTIFACT_DESTINATION": artifact_root(settings),
        "MLFLOW_SERVER_FILE_STORE": None,
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": None,
        "AZURE_STORAGE_CONNECTION_STRING": None,
        "AZURE_STORAGE_ACCESS_KEY": None,
    }


def artifact_root(settings: Settings) -> str:
    """The URI of the artifacts.

    MLflow accepts only `blob.core.windows.net` here, in every cloud; the host it talks to is the one of
    the connection string (mlflow/store/artifact/azure_blob_artifact_repo.py).
    """
    account, container = settings.storage_account_name, settings.storage_container_name
    return f"wasbs://{container}@{account}.blob.core.windows.net/{ARTIFACT_PATH}"
