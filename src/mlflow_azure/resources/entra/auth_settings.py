"""The web app's sign-in ("App Service Authentication"): App Service lets nobody in without a Microsoft Entra token.

Its properties: https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad and
https://learn.microsoft.com/azure/templates/microsoft.web/sites/config-authsettingsv2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.turns import changed_by_someone
from mlflow_azure.resources import arm
from mlflow_azure.resources.entra.app_registration import AppRegistration, GivenRegistration, client_id
from mlflow_azure.resources.entra.directory_lists import merged
from mlflow_azure.resources.web.app_settings import SIGN_IN_SECRET
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.writes import NOT_AGAIN, read_anew

if TYPE_CHECKING:
    from azure.mgmt.web.models import SiteAuthSettingsV2

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.web.web_app import WebApp

PROVIDER = "azureActiveDirectory"


class AuthSettings(SitePart):
    """Sign-in with Microsoft Entra: required of everyone, for every path.

    Args:
        client: The app registration that tokens must be issued for. None turns sign-in off.
        issuer: URL of the tenant's token issuer.
        secret: The app setting with the registration's secret, or the identity that replaces it.
        after: What is written before it: sign-in does not work while any of it is missing.

    """

    kind = "sign-in"
    config = "authsettingsV2"
    contested = True

    def __init__(
        self,
        site: WebApp,
        *,
        client: AppRegistration | GivenRegistration | None,
        issuer: str,
        secret: str = SIGN_IN_SECRET,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(site, needs=(client,) if isinstance(client, AppRegistration) else (), after=after)
        self.client = client
        self.issuer = issuer
        self.secret = secret

    def read(self, given: Given) -> Properties | None:
        live = read_sign_in(self.azure, *self.where)
        return live and {"properties": _without_gaps(live["properties"])}

    def desired(self, given: Given) -> Properties:
        """Require a token of the tenant for the registration; redirect browsers to sign in."""
        if self.client is None:
            return {"properties": {"platform": {"enabled": False}}}
        client = self.client
        accepted = list(client.audiences) if isinstance(client, GivenRegistration) else given(client, "audiences")
        return {
            "properties": {
                "platform": {"enabled": True},
                "globalValidation": {
                    "requireAuthentication": True,
                    "unauthenticatedClientAction": "RedirectToLoginPage",
                    "redirectToProvider": PROVIDER.lower(),
                    "excludedPaths": [],
                },
                "identityProviders": {
                    PROVIDER: {
                        "enabled": True,
                        "registration": {
                            "openIdIssuer": self.issuer,
                            "clientId": client_id(self.client, given),
                            "clientSecretSettingName": self.secret,
                        },
                        "validation": {"allowedAudiences": accepted},
                    }
                },
                "login": {"tokenStore": {"enabled": True}},
            }
        }

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Set it; the write replaces everything, so the rest is written again."""

        def write(now: Properties) -> SiteAuthSettingsV2:
            if not now:  # every web app has some
                raise changed_by_someone({str(self.site): ("deleted",)})
            body = arm.sent({"properties": merged(now["properties"], desired["properties"])})
            return self.apps.update_auth_settings_v2(*self.where, body, **NOT_AGAIN)

        with doing(f"turning {'on' if self.client else 'off'} sign-in for {self.site}"):
            answer = read_anew(self, write, desired, live, given, report)
        return {"properties": _without_gaps(arm.body(answer)["properties"])}

    def state(self, live: Properties) -> str:
        return "Required" if requires_sign_in(live) else "Off"


def read_sign_in(azure: Azure, group: str, site: str) -> dict[str, Any] | None:
    """Return Azure's live settings of a web app; None if there is no web app."""
    read = azure.web.web_apps.get_auth_settings_v2_without_secrets
    return arm.get(f"the sign-in of web app {site}", lambda: read(group, site))


def is_on(live: Properties) -> bool:
    """Whether sign-in is on at all."""
    return bool((live["properties"].get("platform") or {}).get("enabled"))


def requires_sign_in(live: Properties) -> bool:
    """Whether nobody gets in without a token."""
    return is_on(live) and bool((live["properties"].get("globalValidation") or {}).get("requireAuthentication"))


def registration(live: Properties) -> Properties:
    """Return the site's configuration of the registration: clientId, openIdIssuer, clientSecretSettingName."""
    return _provider(live).get("registration") or {}


def audiences(live: Properties) -> tuple[str, ...]:
    """Return the accepted audiences of tokens."""
    return tuple((_provider(live).get("validation") or {}).get("allowedAudiences") or ())


def _provider(live: Properties) -> Properties:
    return (live["properties"].get("identityProviders") or {}).get(PROVIDER) or {}


def _without_gaps(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with an empty list if Azure omits the paths without sign-in."""
    validation = properties.get("globalValidation") or {}
    return {**properties, "globalValidation": {**validation, "excludedPaths": validation.get("excludedPaths") or []}}
