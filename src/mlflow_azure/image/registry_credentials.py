"""Signing in to a registry as the user: exchanges a Microsoft Entra token for a password valid for a few hours.

Protocol: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mlflow_azure.image.registry_api import TIMEOUT, asked, field_of
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    import requests

    from mlflow_azure.azure.clients import Azure

REGISTRY_SCOPE = "https://containerregistry.azure.net/.default"
"""The scope that azure-cli uses. A registry can refuse tokens for Resource Manager, which older ones expect:
https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm"""
USERNAME = "00000000-0000-0000-0000-000000000000"
"""The user name for such a password."""


def exchange(azure: Azure, server: str) -> tuple[str, Secret]:
    """Return the signed-in user's name and password for the registry at `server`.

    Raises:
        SignInError: There is no token to exchange.
        AzureRefusedError: The registry does not accept it.
        MlflowAzureError: The registry cannot be reached, or responds with an error.

    """
    with azure.cloud.session() as session:

        def exchanged(scope: str) -> requests.Response:
            form = {"grant_type": "access_token", "service": server, "access_token": azure.credential.token(scope)}
            return session.post(f"https://{server}/oauth2/exchange", data=form, timeout=TIMEOUT)

        def either() -> requests.Response:
            answer = exchanged(REGISTRY_SCOPE)
            return exchanged(azure.cloud.scope) if answer.status_code == HTTPStatus.UNAUTHORIZED else answer

        what = f"signing in to {server}"
        answer = asked(
            what,
            either,
            azure.deadline,
            refused="Ask an owner of the registry for the role AcrPush on it. With MLflow 1.5.0 you can use its admin "
            "user instead: mlflow-azure deploy --no-identity",
        )
    return USERNAME, Secret(field_of(what, answer, "refresh_token"))
