"""How continuous deployment is: its three parts, and the last calls of the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.resources.registry.webhook import Webhook
from mlflow_azure.resources.registry.webhook_ping import Delivery, deliveries
from mlflow_azure.resources.web.app_setting_parts import CONTINUOUS_DEPLOYMENT
from mlflow_azure.resources.web.app_settings import AppSettings
from mlflow_azure.resources.web.scm_access import ScmBasicAuth
from mlflow_azure.stack import foundation

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class PushStatus:
    """What there is of continuous deployment.

    Attributes:
        webhook: The webhook's name; None where there is none.
        image: What it is about, "repository:tag".
        scm_basic_auth: Whether the SCM site takes the password that the webhook needs.
        app_setting: Whether App Service is told to expect it.
        deliveries: The last calls, newest first.

    """

    webhook: str | None
    image: str | None
    scm_basic_auth: bool
    app_setting: bool
    deliveries: tuple[Delivery, ...]

    @property
    def is_enabled(self) -> bool:
        """Whether all of it is there."""
        return bool(self.webhook and self.scm_basic_auth and self.app_setting)

    @property
    def is_half(self) -> bool:
        """Whether the webhook is there without the rest, or the other way round."""
        return not self.is_enabled and bool(self.webhook or self.app_setting)


def read_push_status(azure: Azure, settings: Settings) -> PushStatus:
    """Look at it, and change nothing.

    Raises:
        MlflowAzureError: Nothing is deployed, or Azure does not tell.

    """
    base = foundation(azure, settings)
    webhook = Webhook(base.registry, site=base.site.name, scope="", publishing=None)
    basic_auth, app_settings = ScmBasicAuth(base.site, allowed=True), AppSettings(base.site, [])
    asked = (webhook, basic_auth, app_settings)
    readings = engine.read(asked, azure.deadline, required=(base.group, base.site))
    hook, policy, live = (readings[each].live for each in asked)
    return PushStatus(
        webhook=webhook.name if hook else None,
        image=str(hook["properties"]["scope"]) if hook else None,
        scm_basic_auth=bool(policy and policy["properties"]["allow"]),
        app_setting=(live or {}).get(CONTINUOUS_DEPLOYMENT) == "true",
        deliveries=tuple(deliveries(webhook)) if hook else (),
    )
