"""Who can sign in according to the settings: only the given people, groups and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.principals import object_ids
from mlflow_azure.events import Warned
from mlflow_azure.resources.entra.service_principal import Allowed

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


def names_someone(settings: Settings) -> bool:
    """Whether the settings say who can sign in."""
    return bool(settings.allow_user or settings.allow_group)


def allowed_by(azure: Azure, settings: Settings) -> Allowed | None:
    """Return who can sign in; None if the settings do not say so, which leaves it unchanged.

    Raises:
        SettingsError: A given name does not exist.
        AzureRefusedError: The user may not read the directory.

    """
    if not names_someone(settings):
        return None
    return Allowed(object_ids(azure, settings.allow_user, settings.allow_group))


def left_as_it_is(client_id: str | None) -> Warned:
    """Return a warning if the settings say so, but the registration is not ours to change."""
    return Warned(
        f"Who can sign in was not changed: app registration {client_id} is not yours, or you cannot see it.",
        "Its owner can require assignment in Microsoft Entra ID, and assign who can sign in.",
    )


def lacking_consent(azure: Azure, client_id: str) -> Warned:
    """Return a warning if an administrator has to consent for the given people first."""
    return Warned(
        "Sign-in does not work in browsers yet: you cannot consent for the users you named, and they cannot consent "
        "themselves.",
        f"Ask an administrator to open: {azure.cloud.consent_page(azure.tenant_id, client_id)}",
    )
