"""The nodes of sign-in with Microsoft Entra ID, as far as they lie outside the web app's own configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.resources.entra.app_registration import AppRegistration, GivenRegistration
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.entra.client_secret import ClientSecret
from mlflow_azure.resources.entra.service_principal import ServicePrincipal
from mlflow_azure.resources.web.app_setting_parts import SIGN_IN_SECRET, FixedSettings, SettingsPart, SignInSettings

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Node
    from mlflow_azure.features import SignIn
    from mlflow_azure.resources.web.app_settings import AppSettings
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class SignInNodes:
    """What sign-in needs.

    Attributes:
        nodes: What is made in Microsoft Entra ID.
        parts: What goes into the app settings.
        client: The app registration. None: nobody signs in.
        issuer: URL of the issuer of the tokens.

    """

    nodes: tuple[Node, ...] = ()
    parts: tuple[SettingsPart, ...] = ()
    client: AppRegistration | GivenRegistration | None = None
    issuer: str = ""

    def required(self, site: WebApp, app_settings: AppSettings) -> tuple[AuthSettings, ...]:
        """The web app's demand for it, which comes when all of it is there."""
        if self.client is None:
            return ()
        return (AuthSettings(site, client=self.client, issuer=self.issuer, after=(app_settings, *self.nodes)),)


def sign_in_nodes(site: WebApp, settings: Settings, sign_in: SignIn | None) -> SignInNodes:
    """The nodes of one web app's sign-in; none where nobody has to sign in."""
    if sign_in is None:
        return SignInNodes()
    issuer = settings.aad_issuer_url or f"{site.azure.cloud.authority}/{site.azure.tenant_id}/v2.0"
    if not sign_in.managed:
        parts = (FixedSettings({SIGN_IN_SECRET: sign_in.secret}),) if sign_in.secret else ()
        client = str(sign_in.client_id)
        audiences = sign_in.audiences or (client, f"api://{client}")
        return SignInNodes((), parts, GivenRegistration(client, audiences), issuer)
    registration = AppRegistration(site, settings.sp_name, tenant_id=site.azure.tenant_id, client_id=sign_in.client_id)
    principal = ServicePrincipal(registration, allowed=sign_in.allowed)
    secret = ClientSecret(registration)
    return SignInNodes((registration, principal, secret), (SignInSettings(secret),), registration, issuer)
