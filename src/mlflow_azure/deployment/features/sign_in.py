"""Sign-in with Microsoft Entra ID: its resources, turning it on and off, and whether it is on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.principals import is_id
from mlflow_azure.deployment.app_setting_parts import FederatedSettings, FixedSettings, SignInSettings
from mlflow_azure.deployment.features.allowed import allowed_by, names_someone
from mlflow_azure.deployment.features.switch import Switch
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.foundation import foundation, postgres_foundation
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError, SettingsError, SignInError
from mlflow_azure.events import Warned
from mlflow_azure.resources.entra import auth_settings, registrations
from mlflow_azure.resources.entra.app_registration import AppRegistration, GivenRegistration, client_id, is_ours
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.entra.client_secret import ClientSecret
from mlflow_azure.resources.entra.consent import Consent
from mlflow_azure.resources.entra.federated_credential import FederatedCredential
from mlflow_azure.resources.entra.service_principal import Allowed, ServicePrincipal
from mlflow_azure.resources.mlflow_server import Server
from mlflow_azure.resources.server_health import server_token
from mlflow_azure.resources.web.app_settings import FEDERATED_CLIENT, SIGN_IN_SECRET, AppSettings, SettingsPart
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node, Properties
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings

_NO_SECRET = {SIGN_IN_SECRET: None, FEDERATED_CLIENT: None}


@dataclass(frozen=True)
class SignIn:
    """Sign-in with Microsoft Entra ID.

    Attributes:
        managed: Whether the app registration is ours and visible to the user; otherwise it is left alone.
        client_id: The client id of the registration; None if ours is still to be created.
        audiences: The accepted audiences for someone else's registration; empty for the usual ones.
        secret: The secret of someone else's registration to write; None keeps the existing one.
        allowed: Who can sign in; None leaves that unchanged.
        federated: Whether the identity of MLflow 3 replaces the registration's secret.

    """

    managed: bool
    client_id: str | None = None
    audiences: tuple[str, ...] = ()
    secret: Secret | None = None
    allowed: Allowed | None = None
    federated: bool = False


@dataclass(frozen=True)
class SignInNodes:
    """The parts of sign-in.

    Attributes:
        nodes: The objects in Microsoft Entra ID.
        parts: Its app settings.
        client: The app registration; None without sign-in.
        issuer: URL of the issuer of the tokens.
        consent: The consent that the given people cannot give themselves.
        secret: The app setting with the registration's secret, or its replacement.

    """

    nodes: tuple[Node, ...] = ()
    parts: tuple[SettingsPart, ...] = ()
    client: AppRegistration | GivenRegistration | None = None
    issuer: str = ""
    consent: Consent | None = None
    secret: str = SIGN_IN_SECRET

    def required(self, site: WebApp, app_settings: AppSettings) -> tuple[AuthSettings, ...]:
        """The web app's requirement to sign in, which comes last."""
        if self.client is None:
            return ()
        before = (app_settings, *self.nodes)
        return (AuthSettings(site, client=self.client, issuer=self.issuer, secret=self.secret, after=before),)


def sign_in_nodes(
    site: WebApp, settings: Settings, sign_in: SignIn | None, identity: UserAssignedIdentity | None = None
) -> SignInNodes:
    """Return the nodes of a web app's sign-in; none without sign-in.

    Args:
        settings: Names.
        sign_in: The sign-in feature.
        identity: The identity of MLflow 3.

    """
    if sign_in is None:
        return SignInNodes()
    issuer = settings.aad_issuer_url or site.azure.cloud.issuer(site.azure.tenant_id)
    if not sign_in.managed:
        parts = (FixedSettings({SIGN_IN_SECRET: sign_in.secret}),) if sign_in.secret else ()
        client = str(sign_in.client_id)
        audiences = sign_in.audiences or (client, f"api://{client}")
        name = FEDERATED_CLIENT if sign_in.federated else SIGN_IN_SECRET
        return SignInNodes((), parts, GivenRegistration(client, audiences), issuer, secret=name)
    registration = AppRegistration(site, settings.sp_name, tenant_id=site.azure.tenant_id, client_id=sign_in.client_id)
    principal = ServicePrincipal(registration, allowed=sign_in.allowed)
    consent = Consent(principal) if sign_in.allowed and sign_in.allowed.principals else None
    asked = (consent,) if consent else ()
    if identity and sign_in.federated:
        trust = FederatedCredential(registration, identity=identity)
        nodes = (registration, principal, trust, *asked)
        return SignInNodes(nodes, (FederatedSettings(identity),), registration, issuer, consent, FEDERATED_CLIENT)
    secret = ClientSecret(registration)
    nodes = (registration, principal, secret, *asked)
    return SignInNodes(nodes, (SignInSettings(secret),), registration, issuer, consent)


@dataclass(frozen=True)
class SignInSwitch(Switch):
    """Sign-in and its objects in Microsoft Entra ID."""

    entra: SignInNodes

    def client_id(self, outputs: Mapping[Node, Properties | None]) -> str:
        """The client id of the app registration, once it exists."""
        return str(client_id(self.entra.client, Given(outputs)))

    def lacks_consent(self, outputs: Mapping[Node, Properties | None]) -> bool:
        """Whether an administrator has to consent for the given people first."""
        return self.entra.consent is not None and not (outputs[self.entra.consent] or {})["granted"]


@dataclass(frozen=True)
class SignInWish:
    """What the user wants for sign-in.

    Attributes:
        client_id: Someone else's app registration to use.
        everyone: Whether to let everyone in the tenant sign in again, instead of those in the settings.

    """

    client_id: str | None = None
    everyone: bool = False

    def check(self, settings: Settings) -> None:
        """Refuse contradictions. Raises SettingsError."""
        if self.client_id is not None and not is_id(self.client_id):
            raise SettingsError(
                f"--client-id {self.client_id}: must be the application (client) id of an app registration, a GUID",
                hint="mlflow-azure auth enable --help",
            )
        if self.client_id is not None and (names_someone(settings) or self.everyone):
            raise _said_by_the_owner("--client-id")
        if names_someone(settings) and self.everyone:
            raise SettingsError(
                "--allow-everyone cannot be combined with --allow-user or --allow-group", hint="Leave one out."
            )


def _said_by_the_owner(what: str) -> SettingsError:
    return SettingsError(
        f"{what} cannot be combined with --allow-user, --allow-group or --allow-everyone: the registration's owner "
        "decides who can sign in",
        hint="Ask them to require assignment, and to assign who can sign in, in Microsoft Entra ID.",
    )


def wanted_sign_in(azure: Azure, settings: Settings, wish: SignInWish) -> SignIn:
    """Return sign-in as the user wants it, based on its live state.

    Raises:
        SettingsError: The secret of someone else's registration is missing, or a given name does not exist.

    """
    live = enabled_sign_in(azure, settings)
    secret = settings.aad_client_secret
    if live and not live.managed and wish.client_id in (None, live.client_id):
        if names_someone(settings) or wish.everyone:
            raise _said_by_the_owner(f"app registration {live.client_id}, which you did not create or cannot see,")
        return replace(live, secret=secret, federated=live.federated and secret is None)
    if wish.client_id is not None:
        if secret is None:
            raise SettingsError(
                "--client-id: the secret of the app registration is missing",
                hint="Put it in the environment variable AAD_CLIENT_SECRET.",
            )
        return SignIn(managed=False, client_id=wish.client_id, secret=secret)
    allowed = Allowed() if wish.everyone else allowed_by(azure, settings)
    federated = live.federated if live else live_version(azure, settings) == POSTGRES
    return SignIn(managed=True, client_id=live.client_id if live else None, allowed=allowed, federated=federated)


def enabled_sign_in(azure: Azure, settings: Settings) -> SignIn | None:
    """Return the live web app's sign-in; None without sign-in or web app."""
    where = settings.rg_name, settings.web_app_name
    found = live_sign_in(azure, auth_settings.read_sign_in(azure, *where))
    if found and not found.managed:  # or it was ours, and an `auth disable` deleted it between the two reads
        return live_sign_in(azure, auth_settings.read_sign_in(azure, *where))
    return found


def used_client(azure: Azure, settings: Settings) -> str:
    """Return the client id that tokens are issued for. Raises MlflowAzureError if sign-in is off."""
    client = registrations.used_by(azure, settings.rg_name, settings.web_app_name)
    if client is None:
        raise MlflowAzureError(
            f"getting a token for web app {settings.web_app_name}: it does not require sign-in",
            hint="mlflow-azure auth enable",
            code="SignInNotEnabled",
        )
    return client


def own_sign_in(azure: Azure, client_id: str) -> Warned | None:
    """Return a warning if the user cannot sign in to the server."""
    try:
        server_token(azure.credential, client_id)
    except SignInError as problem:
        return Warned(f"You cannot sign in yourself: {problem.message}", problem.hint)
    return None


def sign_in_on(azure: Azure, settings: Settings, sign_in: SignIn) -> SignInSwitch:
    """Turn it on: registration, secret or identity in the app settings, and finally the requirement."""
    version = live_version(azure, settings)
    base = foundation(azure, settings)
    identity = postgres_foundation(azure, settings).identity if version == POSTGRES else None
    entra = sign_in_nodes(base.site, settings, sign_in, identity)
    app_settings = AppSettings(base.site, entra.parts)
    required = entra.required(base.site, app_settings)
    server = Server(base.site, app_settings, client=entra.client, version=version or FILE_SHARE, after=required)
    nodes = (*entra.nodes, app_settings, *required, server)
    return SignInSwitch(base.site, (base.group, base.site), nodes, entra)


@dataclass(frozen=True)
class SignInOff(Switch):
    """Turning sign-in off.

    Attributes:
        used: Client id of the registration that sign-in uses; None if it is off.
        sees_registrations: Whether the user can see which registrations are ours.

    """

    used: str | None
    sees_registrations: bool


def sign_in_off(azure: Azure, settings: Settings) -> SignInOff:
    """Turn it off: remove the requirement, then the secret, then our own registration if there is one."""
    seen = registrations.of_deployment(azure, settings.rg_name)
    used = registrations.used_by(azure, settings.rg_name, settings.web_app_name)
    base = foundation(azure, settings)
    auth = AuthSettings(base.site, client=None, issuer="")
    app_settings = AppSettings(base.site, [FixedSettings(_NO_SECRET)], after=(auth,))
    nodes: tuple[Node, ...] = (auth, app_settings)
    if seen:
        tenant = azure.tenant_id
        gone = AppRegistration(base.site, settings.sp_name, tenant_id=tenant, wanted=False, after=(app_settings,))
        nodes = (*nodes, gone)
    return SignInOff(base.site, (base.group, base.site), nodes, used, seen is not None)


def live_sign_in(azure: Azure, live: Properties | None) -> SignIn | None:
    """Return the sign-in of the live settings; None if it is off, or someone else set it up."""
    client_id = registrations.ours(live)
    if live is None or client_id is None:
        return None
    seen = registrations.find(azure, f"appId eq {quoted(client_id)}") or []
    return SignIn(
        managed=any(is_ours(each) for each in seen),
        client_id=client_id,
        audiences=auth_settings.audiences(live),
        federated=registrations.is_federated(live),
    )
