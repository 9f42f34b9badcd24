"""The interface of the image: the environment variables that it reads, and its health checks."""

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
"""Requests that need MLflow and its store. 1.5.0 has no /health, and that of 3 does not query the database."""
HEALTH_PATH = "/health"
"""The health check of MLflow 3, which works without the database and for any Host header."""
HOST_REFUSED = "Invalid Host header"
"""MLflow 3's message, with status 403, for an unknown host name."""
START_SECONDS = "600"
"""App Service waits 230 s for a container by default, 1,800 at most. MLflow 3 creates its tables at the first start,
or waits for other instances that do. https://learn.microsoft.com/azure/app-service/reference-app-settings"""
IMAGE_HEADER = "MLflow-Azure-Image"
"""Header of every response: the digest of the serving image, from the app settings."""
SETTINGS_HEADER = "MLflow-Azure-Keys-Rotated"
"""Header of every response: when the container's app settings were written, from these."""


def server_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that depend on the settings only."""
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
    """Return the same for MLflow 3. None removes variables that only 1.5.0 reads, or that would make it use a key.

    MLflow prefers a connection string to an identity if the variable exists, even if it is empty
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
    """Return the URI of the artifacts.

    MLflow accepts only `blob.core.windows.net` here, in every cloud; the host it talks to is the one of
    the connection string (mlflow/store/artifact/azure_blob_artifact_repo.py).
    """
    account, container = settings.storage_account_name, settings.storage_container_name
    return f"wasbs://{container}@{account}.blob.core.windows.net/{ARTIFACT_PATH}"
