"""Continuous deployment: a push of the image makes the web app pull and run it.

Its resources, turning it on and off, and its status.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.app_setting_parts import FixedSettings
from mlflow_azure.deployment.features.switch import Switch
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.foundation import foundation
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.events import Action, Warned
from mlflow_azure.resources.registry.webhook import Webhook
from mlflow_azure.resources.registry.webhook_ping import Delivery, WebhookPing, deliveries
from mlflow_azure.resources.web.app_settings import CONTINUOUS_DEPLOYMENT, AppSettings
from mlflow_azure.resources.web.scm_access import PublishingCredentials, ScmBasicAuth
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings

SETTLE_SECONDS = 60.0
WITHDRAW_SECONDS = 120.0


def continuous_deployment_nodes(
    site: WebApp, registry: ContainerRegistry, settings: Settings, after: tuple[Node, ...]
) -> tuple[PublishingCredentials, Webhook, ScmBasicAuth]:
    """The webhook, and finally the SCM basic auth that it needs."""
    publishing = PublishingCredentials(site)
    scope = f"{settings.docker_image_name}:{settings.docker_image_tag}"
    webhook = Webhook(registry, site=site.name, scope=scope, publishing=publishing)
    return publishing, webhook, ScmBasicAuth(site, allowed=True, after=(webhook, *after))


@dataclass(frozen=True)
class PushSwitch(Switch):
    """Continuous deployment and its webhook."""

    webhook: Webhook

    def ping(self) -> Delivery:
        """Return the webhook's last ping, which is the final step of turning it on."""
        return next(each for each in deliveries(self.webhook) if each.action == "ping")


def continuous_deployment_on(azure: Azure, settings: Settings) -> PushSwitch:
    """Turn it on: webhook and app setting, then the SCM basic auth that the webhook needs, then a ping.

    Raises:
        MlflowAzureError: MLflow 3 is deployed.

    """
    if live_version(azure, settings) == POSTGRES:
        raise password_stored("Deploy from a pipeline, which signs in as itself: mlflow-azure deploy --mlflow 3")
    base = foundation(azure, settings)
    app_settings = AppSettings(base.site, [FixedSettings({CONTINUOUS_DEPLOYMENT: "true"})])
    publishing, webhook, basic_auth = continuous_deployment_nodes(
        base.site, base.registry, settings, after=(app_settings,)
    )
    nodes = (publishing, webhook, app_settings, basic_auth, WebhookPing(webhook, base.site, after=(basic_auth,)))
    return PushSwitch(base.site, (base.group, base.site, base.registry), nodes, webhook)


def password_stored(hint: str) -> SettingsError:
    """Return the error that MLflow 3 has no continuous deployment; `hint` says what to do instead.

    A webhook always sends the same credential, and tokens for the SCM site expire, which leaves only a password.
    https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    return SettingsError(
        "continuous deployment: the registry would store a password of the web app in the webhook's URL, but MLflow 3 "
        "is deployed without any stored secret",
        hint=hint,
        code="PasswordStored",
    )


def continuous_deployment_off(azure: Azure, settings: Settings) -> Switch:
    """Turn it off: first SCM basic auth, then the webhook and the app setting."""
    base = foundation(azure, settings)
    basic_auth = ScmBasicAuth(base.site, allowed=False)
    webhook = Webhook(base.registry, site=base.site.name, scope="", publishing=None, after=(basic_auth,))
    app_settings = AppSettings(base.site, [FixedSettings({CONTINUOUS_DEPLOYMENT: None})], after=(webhook,))
    return Switch(base.site, (base.group, base.site, base.registry), (basic_auth, webhook, app_settings))


@contextmanager
def withdrawn_on_failure(dialog: Dialog, azure: Azure, settings: Settings, begun: engine.Execution) -> Iterator[None]:
    """Undo an attempt to turn it on that fails or is stopped: SCM basic auth must not stay on.

    Args:
        dialog: Shows progress.
        begun: The attempt.

    """
    opens = any(each.kind == ScmBasicAuth.kind and each.action is not Action.KEEP for each in begun.plan.changes)
    try:
        yield
    except BaseException:
        if opens:
            _withdraw(dialog, azure.within(Deadline(WITHDRAW_SECONDS)), settings, begun)
        raise


def _withdraw(dialog: Dialog, azure: Azure, settings: Settings, begun: engine.Execution) -> None:
    dialog.note("That failed; undoing it.")
    doubt = "It did not finish."
    try:
        doubt = _take_back(dialog, azure, settings, begun)
    except MlflowAzureError as problem:
        doubt = problem.message
    finally:  # also on a second Ctrl+C
        if doubt:
            warned = Warned(f"SCM basic auth may still be on for the web app. {doubt}", "mlflow-azure cd disable")
            dialog.warn([warned])


def _take_back(dialog: Dialog, azure: Azure, settings: Settings, begun: engine.Execution) -> str:
    """Undo the attempt in whatever state it is; return what remains in doubt, if anything.

    SCM basic auth is turned off without reading it first: a pending write may turn it on after the read.

    Raises:
        MlflowAzureError: It could not be undone.

    """
    left = begun.settle(Deadline(SETTLE_SECONDS))
    basic_auth = ScmBasicAuth(foundation(azure, settings).site, allowed=False)
    nothing_given = Given({})

    def close() -> None:
        basic_auth.update(basic_auth.desired(nothing_given), {}, nothing_given, lambda *_: None)

    azure.deadline.call(close)
    dialog.watch(engine.Execution(continuous_deployment_off(azure, settings).plan(azure), azure.deadline).events())
    if not left:
        return ""
    what = ", ".join(str(node) for node in left)
    return f"Azure had not responded when the command was stopped, and may still carry it out: {what}."


@dataclass(frozen=True)
class PushStatus:
    """The live state of continuous deployment.

    Attributes:
        webhook: The webhook's name; None if there is none.
        image: The image it watches, "repository:tag".
        scm_basic_auth: Whether SCM basic auth is on, which the webhook needs.
        app_setting: Whether the app setting for it is set.
        deliveries: The latest calls, newest first.

    """

    webhook: str | None
    image: str | None
    scm_basic_auth: bool
    app_setting: bool
    deliveries: tuple[Delivery, ...]

    @property
    def is_enabled(self) -> bool:
        """Whether it is completely set up."""
        return bool(self.webhook and self.scm_basic_auth and self.app_setting)

    @property
    def is_half(self) -> bool:
        """Whether it is only partly set up."""
        return not self.is_enabled and bool(self.webhook or self.app_setting)


def read_push_status(azure: Azure, settings: Settings) -> PushStatus:
    """Read its state, without changing anything.

    Raises:
        MlflowAzureError: Nothing is deployed, or Azure cannot be read.

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
