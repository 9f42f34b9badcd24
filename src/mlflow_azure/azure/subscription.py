"""Which subscription to use if no setting names one, and its regions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential


def choose(cloud: Cloud, credential: Credential, environ: Mapping[str, str]) -> str:
    """Return the default subscription of the `az` account, or the only one that the user can see.

    Raises:
        SettingsError: There is none, or more than one.
        SignInError: Azure does not know the user.

    """
    default = (str(each["id"]) for each in _az_account(cloud, environ) if each.get("isDefault"))
    if found := cloud.subscription_id or next(default, None):
        return found
    visible = _visible(cloud, credential)
    if len(visible) == 1:
        return next(iter(visible))
    if not visible:
        raise SettingsError(
            "SUBSCRIPTION_ID is not set, and you have no enabled subscription",
            hint="Sign in to the right tenant: az login --tenant TENANT",
        )
    listed = "\n".join(f"  {identifier}  {name}" for identifier, name in visible.items())
    raise SettingsError(
        f"SUBSCRIPTION_ID is not set, and you see {len(visible)} subscriptions:\n{listed}",
        hint="Choose one: --subscription-id ID, or: az account set --subscription ID",
    )


def known_to_az(cloud: Cloud, environ: Mapping[str, str], subscription_id: str | None) -> str | None:
    """Return the subscription if `az` knows it, and so the tenant for its tokens."""
    return next((str(each["id"]) for each in _az_account(cloud, environ) if each["id"] == subscription_id), None)


def regions(azure: Azure) -> tuple[str, ...]:
    """The names of the regions that the subscription has: "westeurope". Raises AzureRefusedError, SignInError."""
    from mlflow_azure.azure.refusals import doing

    path = f"/subscriptions/{azure.subscription_id}/locations"
    with doing("listing the regions of your Azure subscription"):
        found = azure.rest.send("GET", path, query={"api-version": "2022-12-01"})
    return tuple(str(each["name"]) for each in found["value"] if each["metadata"]["regionType"] == "Physical")


def _az_account(cloud: Cloud, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the subscriptions in `az`'s profile, read from its file: starting `az` takes a second."""
    folder = Path(environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure")
    try:
        profile = json.loads((folder / "azureProfile.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return []
    return [each for each in profile.get("subscriptions", ()) if each.get("environmentName") == cloud.az_name]


def _visible(cloud: Cloud, credential: Credential) -> dict[str, str]:
    """Return the enabled subscriptions that the user can see: id → display name."""
    from azure.mgmt.resource.subscriptions import SubscriptionClient

    from mlflow_azure.azure.clients import client_options
    from mlflow_azure.azure.refusals import doing

    with doing("listing your Azure subscriptions"):
        client = SubscriptionClient(credential, **client_options(cloud))
        return {
            str(found.subscription_id): str(found.display_name)
            for found in client.subscriptions.list()
            if found.state in ("Enabled", "Warned", "PastDue")
        }
