"""How App Service Authentication authenticates as the application: with a managed identity of the web app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.identity_principals import user_assigned
from mlflow_azure.emulator.arm.site_tokens import identity_token
from mlflow_azure.emulator.client_assertions import require_trusted
from mlflow_azure.emulator.client_tokens import TOKEN_EXCHANGE
from mlflow_azure.emulator.consent import SignInError

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

# The app setting with the identity's client id, which replaces the setting of the secret.
_OVERRIDE = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"


def require_client(world: World, site_name: str, registration: dict[str, Any]) -> None:
    """Sign in as the application, if configured with a managed identity instead of a secret.

    https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#use-a-managed-identity-instead-of-a-secret-preview

    Raises:
        SignInError: The web app has no such identity, or the application does not trust it.

    """
    if registration.get("clientSecretSettingName") != _OVERRIDE:
        return
    site = next(each for each in world.resources.of_type("Microsoft.Web/sites") if each["name"] == site_name)
    client = world.resources.hidden(site["id"])["appsettings"].get(_OVERRIDE, "")
    identity = next((each for each in user_assigned(world, site) if each.client == client), None)
    if identity is None:
        raise SignInError(
            400, "invalid_client", f"No user-assigned identity with the client id '{client}' is attached to the app."
        )
    application = world.directory.find("applications", appId=registration.get("clientId"))
    if application is None:
        raise SignInError(400, "unauthorized_client", "AADSTS700016: The application was not found in the directory.")
    require_trusted(world, application, identity_token(world, identity, TOKEN_EXCHANGE))
