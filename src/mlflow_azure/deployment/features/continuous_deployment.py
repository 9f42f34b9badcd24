"""Continuous deployment: a push of the image makes the web app pull and run it.

What it takes, how it is switched on and off, and how it is.
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
    """The webhook, and last of all the sign-in with a password that it needs on the SCM site."""
    publishing = PublishingCredentials(site)
    scope = f"{settings.docker_image_name}:{settings.docker_image_tag}"
    webhook = Webhook(registry, site=site.name, scope=scope, publishing=publishing)
    return publishing, webhook, ScmBasicAuth(site, allowed=True, after=(webhook, *after))


@dataclass(frozen=True)
class PushSwitch(Switch):
    """Continuous deployment, with its webhook."""

    webhook: Webhook

    def ping(self) -> Delivery:
        """The last ping of the webhook. There is one: it is the end of switching it on."""
        return next(each for each in deliveries(self.webhook) if each.action == "ping")


def continuous_deployment_on(azure: Azure, settings: Settings) -> PushSwitch:
    """Webhook and app setting, then the sign-in with a password that the webhook needs, then a ping.

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
    """Why a deployment of MLflow 3 has no continuous deployment; `hint` says what to do instead.

    A webhook sends the same each time, and tokens for the SCM site do not last: what is left is the password.
    https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    return SettingsError(
        "continuous deployment: the registry would store a password of the web app in the webhook's URL, but MLflow 3 "
        "is deployed without any stored secret",
        hint=hint,
        code="PasswordStored",
    )


def continuous_deployment_off(azure: Azure, settings: Settings) -> Switch:
    """No sign-in with a password any more, then the webhook and the app setting go."""
    base = foundation(azure, settings)
    basic_auth = ScmBasicAuth(base.site, allowed=False)
    webhook = Webhook(base.registry, site=base.site.name, scope="", publishing=None, after=(basic_auth,))
    app_settings = AppSettings(base.site, [FixedSettings({CONTINUOUS_DEPLOYMENT: None})], after=(webhook,))
    return Switch(base.site, (base.group, base.site, base.registry), (basic_auth, webhook, app_settings))


@contextmanager
def withdrawn_on_failure(dialog: Dialog, azure: Azure, settings: Settings, begun: engine.Execution) -> Iterator[None]:
    """Where what is begun within fails or is stopped, take it back: the SCM site must not stay open to a password.

    Args:
        dialog: Tells what is done.
        begun: How it is switched on.

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
    finally:  # on a second Ctrl+C, too
        if doubt:
            warned = Warned(f"SCM basic auth may still be on for the web app. {doubt}", "mlflow-azure cd disable")
            dialog.warn([warned])


def _take_back(dialog: Dialog, azure: Azure, settings: Settings, begun: engine.Execution) -> str:
    """Take back what switching it on began, in whatever state it is; what remains in doubt, or nothing.

    The SCM site is closed without a look at how it is: a write that was under way may open it after the look.

    Raises:
        MlflowAzureError: It could not be taken back.

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
