"""Who may sign in, as the settings say it: people, groups and programs, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.principals import object_ids
from mlflow_azure.events import Warned
from mlflow_azure.resources.entra.service_principal import Allowed

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


def names_someone(settings: Settings) -> bool:
    """Whether the settings say who may sign in."""
    return bool(settings.allow_user or settings.allow_group)


def allowed_by(azure: Azure, settings: Settings) -> Allowed | None:
    """Who may sign in; None where the settings do not say it, which leaves that as it is.

    Raises:
        SettingsError: Nobody has a name that was given.
        AzureRefusedError: The directory may not be read.

    """
    if not names_someone(settings):
        return None
    return Allowed(object_ids(azure, settings.allow_user, settings.allow_group))


def left_as_it_is(client_id: str | None) -> Warned:
    """A warning where the settings say it, and the registration is not one to change."""
    return Warned(
        f"Who can sign in was not changed: app registration {client_id} is not yours, or you cannot see it.",
        "Its owner can require assignment in Microsoft Entra ID, and assign who can sign in.",
    )


def lacking_consent(azure: Azure, client_id: str) -> Warned:
    """A warning where those who are named have to be let in by an administrator first."""
    return Warned(
        "Sign-in does not work in browsers yet: you cannot consent for the users you named, and they cannot consent "
        "themselves.",
        f"Ask an administrator to open: {azure.cloud.consent_page(azure.tenant_id, client_id)}",
    )
