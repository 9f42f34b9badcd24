"""The app registrations of a deployment in Microsoft Entra ID, outside its resource group."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import MlflowAzureError, TimedOutError
from mlflow_azure.resources.entra import auth_settings
from mlflow_azure.resources.entra.app_registration import deployment_tag
from mlflow_azure.resources.web.app_settings import FEDERATED_CLIENT, SIGN_IN_SECRET

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.engine.node import Properties


def find(azure: Azure, condition: str) -> list[dict[str, Any]] | None:
    """Return the registrations that match an OData filter; None if the user may not see any.

    Raises:
        MlflowAzureError: Microsoft Graph does not respond.

    """
    from azure.core.exceptions import HttpResponseError

    with doing("looking up app registrations in Microsoft Entra ID"):
        try:
            return azure.directory.find("/applications", condition)
        except HttpResponseError as error:
            if error.status_code != HTTPStatus.FORBIDDEN:
                raise
            return None


def of_deployment(azure: Azure, group: str) -> list[dict[str, Any]] | None:
    """Return a deployment's registrations; None if the user may not see any."""
    tag = quoted(deployment_tag(azure.subscription_id, group))
    return find(azure, f"tags/any(tag:tag eq {tag})")


def if_told(azure: Azure, group: str, patience: Deadline) -> list[dict[str, Any]] | None:
    """The registrations that were made for a deployment; None where Microsoft Entra ID does not tell in time.

    Sign-in may never have been used here, and Conditional Access, or a network without a way to Microsoft Graph, must
    not keep the rest from being deleted.

    Raises:
        TimedOutError: The command's own deadline passed.

    """
    try:
        return patience.call(lambda: of_deployment(azure, group))
    except TimedOutError:
        azure.deadline.check()
        return None
    except MlflowAzureError:
        return None


def used_by(azure: Azure, group: str, site: str, *, ours_only: bool = False) -> str | None:
    """Return the client id of a web app's sign-in, whoever set it up; None without sign-in."""
    live = auth_settings.read_sign_in(azure, group, site)
    return ours(live) if ours_only else _used(live).get("clientId")


def ours(live: Properties | None) -> str | None:
    """Return the client id in live sign-in settings, if sign-in is on and was set up by this program."""
    registration = _used(live)
    names = (SIGN_IN_SECRET, FEDERATED_CLIENT)
    return str(registration["clientId"]) if registration.get("clientSecretSettingName") in names else None


def is_federated(live: Properties | None) -> bool:
    """Whether an identity replaces the registration's secret in live sign-in settings."""
    return _used(live).get("clientSecretSettingName") == FEDERATED_CLIENT


def _used(live: Properties | None) -> Properties:
    return auth_settings.registration(live) if live and auth_settings.is_on(live) else {}
