"""What a deployment has beyond the minimum: sign-in, continuous deployment, pulling with an identity.

Nothing of it is kept on disk: the live web app and registry say what was enabled, and a later plain `deploy` goes on
with it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.resources import arm
from mlflow_azure.resources.entra import auth_settings, registrations
from mlflow_azure.resources.entra.app_registration import is_ours
from mlflow_azure.resources.registry.webhook import webhook_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.resources.entra.service_principal import Allowed
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class SignIn:
    """Sign-in with Microsoft Entra ID.

    Attributes:
        managed: Whether the app registration is the deployment's own, and the user may see it; else it is left alone.
        client_id: The client id of the registration; None for one of our own that is to be made.
        audiences: What tokens for someone's registration may say that they are for; empty for the usual.
        secret: The secret of someone's registration, where it is to be written; None keeps the one that is there.
        allowed: Who may sign in; None leaves that as it is.

    """

    managed: bool
    client_id: str | None = None
    audiences: tuple[str, ...] = ()
    secret: Secret | None = None
    allowed: Allowed | None = None


@dataclass(frozen=True)
class Features:
    """What is enabled.

    Attributes:
        identity: Whether the web app pulls the image with its managed identity, and the registry has no admin user.
            None: not, and neither did it before.
        continuous_deployment: A push of the image makes the web app pull it.
        sign_in: Who reaches the server has to sign in. None: nobody has to, or someone else set it up.

    """

    identity: bool | None = None
    continuous_deployment: bool = False
    sign_in: SignIn | None = None


MINIMUM = Features()


def enabled(azure: Azure, settings: Settings) -> Features:
    """What the live deployment has enabled; nothing where there is none.

    Raises:
        MlflowAzureError: Whatever stands in the way of reading it.

    """
    group, site, registry = settings.rg_name, settings.web_app_name, settings.acr_name
    web, hook = azure.web.web_apps, webhook_name(site)
    reads: list[Callable[[], Any]] = [
        lambda: web.get_configuration(group, site),
        lambda: azure.registries.webhooks.get(group, registry, hook),
        lambda: web.get_auth_settings_v2_without_secrets(group, site),
    ]
    with ThreadPoolExecutor(len(reads)) as pool:
        config, webhook, sign_in = pool.map(lambda read: arm.get(f"what is enabled on web app {site}", read), reads)
    return Features(
        identity=True if config and config["properties"].get("acrUseManagedIdentityCreds") else None,
        continuous_deployment=bool(webhook and arm.is_tagged_ours(webhook["tags"])),
        sign_in=_sign_in(azure, sign_in),
    )


def _sign_in(azure: Azure, live: dict[str, Any] | None) -> SignIn | None:
    client_id = registrations.ours(live)
    if live is None or client_id is None:
        return None
    seen = registrations.find(azure, f"appId eq {quoted(client_id)}") or []
    return SignIn(
        managed=any(is_ours(each) for each in seen), client_id=client_id, audiences=auth_settings.audiences(live)
    )
