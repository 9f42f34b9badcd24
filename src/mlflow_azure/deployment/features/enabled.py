"""Which features a deployment has: sign-in, continuous deployment, pulling with an identity.

Nothing of it is kept on disk: the live web app and registry say what was enabled, and a later plain `deploy` goes on
with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import engine
from mlflow_azure.deployment.features.sign_in import SignIn, live_sign_in
from mlflow_azure.resources import arm
from mlflow_azure.resources.registry.webhook import webhook_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Properties
    from mlflow_azure.settings import Settings


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


def enabled_features(azure: Azure, settings: Settings) -> Features:
    """What the live deployment has enabled; nothing where there is none.

    Raises:
        MlflowAzureError: Whatever stands in the way of reading it.

    """
    group, site, registry = settings.rg_name, settings.web_app_name, settings.acr_name
    web, hook = azure.web.web_apps, webhook_name(site)

    def read(get: Callable[[], Any]) -> Callable[[], dict[str, Any] | None]:
        return lambda: arm.get(f"what is enabled on web app {site}", get)

    found = engine.gather(
        {
            "config": read(lambda: web.get_configuration(group, site)),
            "webhook": read(lambda: azure.registries.webhooks.get(group, registry, hook)),
            "sign_in": read(lambda: web.get_auth_settings_v2_without_secrets(group, site)),
        },
        azure.deadline,
    )
    return features_of(azure, **found)


def features_of(
    azure: Azure, config: Properties | None, webhook: Properties | None, sign_in: Properties | None
) -> Features:
    """The features that a live configuration, webhook and sign-in settings make up."""
    return Features(
        identity=True if config and config["properties"].get("acrUseManagedIdentityCreds") else None,
        continuous_deployment=bool(webhook and arm.is_tagged_ours(webhook["tags"])),
        sign_in=live_sign_in(azure, sign_in),
    )
