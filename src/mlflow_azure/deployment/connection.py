"""The environment variables that an MLflow client needs for the deployed server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.app_setting_parts import StorageSettings
from mlflow_azure.deployment.deployed_site import not_deployed
from mlflow_azure.deployment.features.enabled import Features
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine.compare import chosen
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.entra import registrations
from mlflow_azure.resources.server_health import server_token
from mlflow_azure.resources.web.app_settings import CONNECTION_STRING, AppSettings
from mlflow_azure.secret import Secret
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings

PLUGIN = "mlflow-azure"
"""The name of our MLflow plugin."""


def client_environment(azure: Azure, settings: Settings) -> dict[str, str | Secret] | None:
    """Return the environment variables of a client; None if the server is not deployed.

    1.5.0 clients store artifacts themselves; MLflow 3 passes them through the server.
    """
    version = live_version(azure, settings)
    stack = mlflow_stack(azure, settings, Features(version=version))
    app_settings = AppSettings(stack.site, [])
    readings = engine.read([stack.account, stack.site, app_settings], azure.deadline)
    site, account = readings[stack.site].outputs, readings[stack.account].outputs
    if site is None or account is None:
        return None
    storage = {}
    if version != POSTGRES:
        wanted = StorageSettings(stack.account).desired(Given({stack.account: account}))
        storage = chosen(wanted, readings[app_settings].live)  # the server's own, if it is valid
    return {"MLFLOW_TRACKING_URI": site["url"], **storage, **_sign_in(azure, settings)}


def storage_connection(azure: Azure, settings: Settings) -> Secret:
    """Return the storage account's connection string. Raises MlflowAzureError without an account or key."""
    deployed = client_environment(azure, settings)
    if deployed is None:
        raise not_deployed(settings, "reading the storage of the deployment")
    found = deployed.get(CONNECTION_STRING)
    if found is None:
        raise MlflowAzureError(
            f"reading the storage of web app {settings.web_app_name}: the storage account of MLflow 3 accepts no keys",
            hint="Leave the option out: local-run then starts an Azurite of its own.",
            code="NoSharedKey",
        )
    return found if isinstance(found, Secret) else Secret(found)


def _sign_in(azure: Azure, settings: Settings) -> dict[str, str | Secret]:
    """Return a token, which any MLflow can send, and what the plugin for newer ones needs (request_auth.py)."""
    client_id = registrations.used_by(azure, settings.rg_name, settings.web_app_name)
    if client_id is None:
        return {}
    return {
        "MLFLOW_TRACKING_TOKEN": server_token(azure.credential, client_id).value,
        "MLFLOW_TRACKING_AUTH": PLUGIN,
        "MLFLOW_AZURE_CLIENT_ID": client_id,
        "MLFLOW_AZURE_CLOUD": str(azure.cloud.name),
    }
