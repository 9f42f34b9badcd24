"""What MLflow reads from its environment: `mlflow server` sets it for its workers, but doubles memory and start."""

import secrets

from mlflow3_app.settings import Settings

ARTIFACT_ROOT = "mlflow-artifacts:/"
_OVERFLOW = 1  # of a pool: MLflow takes a 0 for nothing said, which is 10


def mlflow_environment(settings: Settings) -> dict[str, str]:
    """The variables that follow from the settings, and those that this image has decided, by name."""
    highest = settings.database_connections // settings.workers
    return {
        "_MLFLOW_SERVER_FILE_STORE": settings.database_uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": settings.artifact_destination,
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": str(highest - _OVERFLOW),
        "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": str(_OVERFLOW),
        **_names(settings),
        # Jobs would take 1.3 GB and want one instance; what they need is not in the image.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # The Azure SDK looks for what a server can have, such as a managed identity, and for no developer's sign-in.
        "AZURE_TOKEN_CREDENTIALS": "prod",
        **_gateway(settings),
    }


def _names(settings: Settings) -> dict[str, str]:
    """The names that callers may use. MLflow compares them with the Host header, port included.

    A browser sends Origin with each write: without the origins the page shows, but nothing in it can be changed.
    """
    if not settings.allowed_hosts:
        return {}
    here = [f"{name}{port}" for name in ("localhost", "127.0.0.1") for port in ("", f":{settings.port}")]
    return {
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join([*settings.allowed_hosts, *here]),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"https://{name}" for name in settings.allowed_hosts),
    }


def _gateway(settings: Settings) -> dict[str, str]:
    """MLflow's AI gateway, only with a passphrase of one's own, the same on all instances.

    Without one MLflow encrypts the gateway's keys with a passphrase that stands in its source. So the gateway is off
    then, and what might be encrypted all the same is readable only as long as this server runs.
    """
    return {
        "MLFLOW_ENABLE_AI_GATEWAY": "true" if settings.passphrase else "false",
        "MLFLOW_CRYPTO_KEK_PASSPHRASE": settings.passphrase or secrets.token_urlsafe(32),
    }
