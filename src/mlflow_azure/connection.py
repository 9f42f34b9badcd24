"""What an MLflow client needs to reach the deployed server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.stack import mlflow_stack

if TYPE_CHECKING:
    from mlflow_azure.azure import Azure
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings


def client_environment(azure: Azure, settings: Settings) -> dict[str, str | Secret] | None:
    """The environment variables of a client; None where the server is not deployed.

    Clients store artifacts themselves: MLflow 1.5.0 does not hand them through the server.
    """
    stack = mlflow_stack(azure, settings)
    readings = engine.read([stack.account, stack.site], azure.deadline)
    site, account = readings[stack.site].outputs, readings[stack.account].outputs
    if site is None or account is None:
        return None
    return {
        "MLFLOW_TRACKING_URI": site["url"],
        "AZURE_STORAGE_CONNECTION_STRING": account["connection_string"],
    }
