"""The pages below `/.auth` of a web app: sign-in of a browser, its session, and sign-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from mlflow_azure.emulator.consent import SignInError
from mlflow_azure.emulator.easy_auth_client import require_client
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World

_PREFIX = "/.auth"
_CALLBACK = f"{_PREFIX}/login/aad/callback"
_COOKIE = "AppServiceAuthSession"


class Login:
    """Signs browsers in to one web app."""

    def __init__(self, world: World, site: str, provider: dict[str, Any]) -> None:
        self._world = world
        self._site = site
        self._audience = f"session of {site}"
        self._provider = provider

    def is_own(self, path: str) -> bool:
        """Whether a path belongs to App Service rather than the web app."""
        return path.startswith(_PREFIX + "/")

    def session(self, request: Request) -> Mapping[str, Any] | None:
        """Return the claims of the browser's user."""
        try:
            return self._world.tokens.verify(request.cookies.get(_COOKIE, ""), frozenset({self._audience}))
        except TokenError:
            return None

    async def answer(self, request: Request) -> Response:
        """Return one of App Service's own pages."""
        match request.url.path.removeprefix(_PREFIX):
            case "/login/aad":
                return RedirectResponse(login_url(self._world, self._provider, request), 302)
            case "/login/aad/callback":
                return await self._callback(request)
            case "/me":
                return self._me(request)
            case "/logout":
                response = RedirectResponse(request.query_params.get("post_logout_redirect_uri", "/"), 302)
                response.delete_cookie(_COOKIE)
                return response
        return PlainTextResponse("Not Found", 404)

    async def _callback(self, request: Request) -> Response:
        """Accept the token from the sign-in page, and begin a session."""
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        registration = self._provider["registration"]
        audience, issuer = frozenset({registration["clientId"]}), registration.get("openIdIssuer")
        try:
            claims = self._world.tokens.verify(form.get("id_token", ""), audience, issuer)
            require_client(self._world, self._site, registration)
        except (TokenError, SignInError) as error:
            return PlainTextResponse(f"Sign-in failed: {form.get('error_description', error)}", 401)
        wanted = form.get("state", "/")
        # Only a path of the site itself: anything else would be an open redirect.
        target = wanted if wanted.startswith("/") and not wanted.startswith("//") else "/"
        response = RedirectResponse(target, 302)
        session = self._world.tokens.sign(self._audience, claims["oid"], name=claims.get("name", ""))
        response.set_cookie(_COOKIE, session, httponly=True, samesite="lax")
        return response

    def _me(self, request: Request) -> Response:
        claims = self.session(request)
        if claims is None:
            return Response(status_code=401)
        described = [{"typ": name, "val": claims[name]} for name in ("name", "oid", "tid")]
        return JSONResponse([{"provider_name": "aad", "user_id": claims["name"], "user_claims": described}])


def login_url(world: World, provider: dict[str, Any], request: Request) -> str:
    """Redirect to the tenant's sign-in page, which returns to the requested page."""
    path = request.url.path if not request.url.path.startswith(_PREFIX) else "/"
    query = {
        "response_type": "code id_token",
        "response_mode": "form_post",
        "scope": "openid profile email",
        "client_id": provider.get("registration", {}).get("clientId", ""),
        "redirect_uri": f"{str(request.base_url).rstrip('/')}{_CALLBACK}",
        "state": request.query_params.get("post_login_redirect_uri", path),
    }
    return f"{world.url}/{world.identity.tenant_id}/oauth2/v2.0/authorize?{urlencode(query)}"
