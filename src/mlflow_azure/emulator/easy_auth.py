"""App Service Authentication: what a request needs before it reaches a web app.

https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mlflow_azure.emulator.easy_auth_login import Login, login_url
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World

_REFUSED = "You do not have permission to view this directory or page."
_STATUSES = {"Return401": 401, "Return403": 403, "Return404": 404}


class EasyAuth:
    """Guards the web apps whose `authsettingsV2` are on."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def admit(self, site: str, request: Request) -> Response | None:
        """Return None if the request may reach the web app, otherwise the response."""
        settings = self._settings(site)
        if not settings or not settings.get("platform", {}).get("enabled"):
            return None
        login = Login(self._world, site, _provider(settings))
        if login.is_own(request.url.path):
            return await login.answer(request)
        if login.session(request):
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._check_token(token, _provider(settings), request)
        return self._anonymous(settings, request)

    def _settings(self, site: str) -> dict[str, Any] | None:
        for each in self._world.resources.of_type("Microsoft.Web/sites"):
            if each["name"] == site:
                settings: dict[str, Any] = self._world.resources.hidden(each["id"])["authsettingsV2"]
                return settings
        return None

    def _check_token(self, token: str, provider: dict[str, Any], request: Request) -> Response | None:
        registration, validation = provider.get("registration", {}), provider.get("validation", {})
        audiences = frozenset({registration.get("clientId"), *(validation.get("allowedAudiences") or [])})
        try:
            claims = self._world.tokens.verify(token, audiences, registration.get("openIdIssuer"))
        except TokenError:
            return self._unauthorized(provider, request)
        return None if _allowed(claims, validation) else PlainTextResponse(_REFUSED, 403)

    def _anonymous(self, settings: dict[str, Any], request: Request) -> Response | None:
        rules = settings.get("globalValidation", {})
        if not rules.get("requireAuthentication") or request.url.path in (rules.get("excludedPaths") or []):
            return None
        action = rules.get("unauthenticatedClientAction", "RedirectToLoginPage")
        # The page is useless to clients other than browsers: they get an error.
        browser = "Mozilla" in request.headers.get("user-agent", "")
        if action == "RedirectToLoginPage" and browser:
            return RedirectResponse(login_url(self._world, _provider(settings), request), 302)
        if _STATUSES.get(action, 401) == 401:  # noqa: PLR2004 - the HTTP status
            return self._unauthorized(_provider(settings), request)
        return PlainTextResponse(_REFUSED, _STATUSES[action])

    def _unauthorized(self, provider: dict[str, Any], request: Request) -> Response:
        authority = f"{self._world.url}/{self._world.identity.tenant_id}/oauth2/v2.0/authorize"
        client_id = provider.get("registration", {}).get("clientId", "")
        challenge = f'Bearer realm="{request.url.netloc}" authorization_uri="{authority}" resource_id="{client_id}"'
        return PlainTextResponse(_REFUSED, 401, {"WWW-Authenticate": challenge})


def _provider(settings: dict[str, Any]) -> dict[str, Any]:
    """The Microsoft Entra part of the settings."""
    provider: dict[str, Any] = settings.get("identityProviders", {}).get("azureActiveDirectory") or {}
    return provider


def _allowed(claims: Mapping[str, Any], validation: dict[str, Any]) -> bool:
    """Whether the settings allow the principal of a valid token. An empty list allows everyone."""
    policy = validation.get("defaultAuthorizationPolicy") or {}
    applications = policy.get("allowedApplications")
    if applications and claims.get("azp", claims.get("appid")) not in applications:
        return False
    principals = policy.get("allowedPrincipals") or {}
    admitted = {*(principals.get("identities") or []), *(principals.get("groups") or [])}
    return not admitted or bool(admitted & {claims["oid"], *claims.get("groups", [])})
