"""Switches one feature of a live deployment on or off, and touches nothing else of it.

Everything is done in an order in which a failure in the middle leaves the server no less protected than before: what
protects comes last when it needs something first, and what opens comes last and goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.continuous_deployment import continuous_deployment_nodes
from mlflow_azure.engine.node import Given
from mlflow_azure.resources.entra.app_registration import AppRegistration, client_id
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.registry.webhook import Webhook
from mlflow_azure.resources.registry.webhook_ping import WebhookPing
from mlflow_azure.resources.web.app_setting_parts import CONTINUOUS_DEPLOYMENT, SIGN_IN_SECRET, FixedSettings
from mlflow_azure.resources.web.app_settings import AppSettings
from mlflow_azure.resources.web.mlflow_server import Server
from mlflow_azure.resources.web.scm_access import ScmBasicAuth
from mlflow_azure.sign_in import SignInNodes, sign_in_nodes
from mlflow_azure.stack import foundation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node, Properties, Resource
    from mlflow_azure.features import SignIn
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Switch:
    """What is to be done.

    Attributes:
        site: The web app.
        required: What has to be deployed already, the site among it.
        nodes: What is changed, in order.

    """

    site: WebApp
    required: tuple[Resource, ...]
    nodes: tuple[Node, ...]

    def plan(self, azure: Azure) -> engine.Plan:
        """What differs. Raises MlflowAzureError, with the code NotDeployed where the web app does not exist."""
        return engine.plan(self.nodes, azure.deadline, required=self.required)


@dataclass(frozen=True)
class SignInSwitch(Switch):
    """Sign-in, with what Microsoft Entra ID holds of it."""

    entra: SignInNodes

    def client_id(self, outputs: Mapping[Node, Properties | None]) -> str:
        """The client id of the app registration, once it is there."""
        return str(client_id(self.entra.client, Given(outputs)))


@dataclass(frozen=True)
class PushSwitch(Switch):
    """Continuous deployment, with its webhook."""

    webhook: Webhook


def sign_in_on(azure: Azure, settings: Settings, sign_in: SignIn) -> SignInSwitch:
    """Registration, secret in the app settings, and at last the demand for sign-in."""
    base = foundation(azure, settings)
    entra = sign_in_nodes(base.site, settings, sign_in)
    app_settings = AppSettings(base.site, entra.parts)
    required = entra.required(base.site, app_settings)
    server = Server(base.site, client=entra.client, after=required)
    nodes = (*entra.nodes, app_settings, *required, server)
    return SignInSwitch(base.site, (base.group, base.site), nodes, entra)


def sign_in_off(azure: Azure, settings: Settings, *, registration: bool) -> Switch:
    """No demand any more, then the secret goes, then the registration that we made, if it is to go."""
    base = foundation(azure, settings)
    auth = AuthSettings(base.site, client=None, issuer="")
    app_settings = AppSettings(base.site, [FixedSettings({SIGN_IN_SECRET: None})], after=(auth,))
    nodes: tuple[Node, ...] = (auth, app_settings)
    if registration:
        tenant = azure.tenant_id
        gone = AppRegistration(base.site, settings.sp_name, tenant_id=tenant, wanted=False, after=(app_settings,))
        nodes = (*nodes, gone)
    return Switch(base.site, (base.group, base.site), nodes)


def continuous_deployment_on(azure: Azure, settings: Settings) -> PushSwitch:
    """Webhook and app setting, then the sign-in with a password that the webhook needs, then a ping."""
    base = foundation(azure, settings)
    app_settings = AppSettings(base.site, [FixedSettings({CONTINUOUS_DEPLOYMENT: "true"})])
    publishing, webhook, basic_auth = continuous_deployment_nodes(
        base.site, base.registry, settings, after=(app_settings,)
    )
    nodes = (publishing, webhook, app_settings, basic_auth, WebhookPing(webhook, after=(basic_auth,)))
    return PushSwitch(base.site, (base.group, base.site, base.registry), nodes, webhook)


def continuous_deployment_off(azure: Azure, settings: Settings) -> Switch:
    """No sign-in with a password any more, then the webhook and the app setting go."""
    base = foundation(azure, settings)
    basic_auth = ScmBasicAuth(base.site, allowed=False)
    webhook = Webhook(base.registry, site=base.site.name, scope="", publishing=None, after=(basic_auth,))
    app_settings = AppSettings(base.site, [FixedSettings({CONTINUOUS_DEPLOYMENT: None})], after=(webhook,))
    return Switch(base.site, (base.group, base.site, base.registry), (basic_auth, webhook, app_settings))
