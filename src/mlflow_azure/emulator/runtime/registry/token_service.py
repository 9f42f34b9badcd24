"""Access to a registry: the challenges and the token exchange of Azure Container Registry.

A client without credentials is sent to `/oauth2/token`. It goes there with the admin user's name and password, or
with a refresh token, which `/oauth2/exchange` gives for a Microsoft Entra access token; it comes back with an access
token for the requested scopes. Basic authentication directly at `/v2/` works too. Protocol:
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import jwt
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from mlflow_azure.emulator.runtime.registry import attributes

if TYPE_CHECKING:
    from starlette.requests import Request

# The user name that goes with a refresh token as the password.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a user name
_LIFETIME = {"access": 75 * 60, "refresh": 3 * 3600}

Scope = tuple[str, str, str]  # type, name, action: ("repository", "mlflowimage", "pull")
Credentials = Callable[[], Sequence[str] | None]


class RegistryAuth:
    """Credentials and tokens of one registry.

    Args:
        service: The login server.
        credentials: Returns the admin user's name followed by the valid passwords, or None if that user is
            disabled.
        token_ok: Whether a Microsoft Entra access token may use the registry.

    """

    def __init__(self, service: str, credentials: Credentials, token_ok: Callable[[str], bool]) -> None:
        self.service = service
        self._credentials = credentials
        self._token_ok = token_ok
        self._key = secrets.token_bytes(32)

    def refusal(self, request: Request) -> Response | None:
        """Return None if the request is authorised, otherwise the 401 with its challenge."""
        wanted = _scope_of(request)
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic" and self._basic_ok(value):
            return None
        if kind.lower() == "bearer" and self._allows(value, wanted):
            return None
        return self._challenge(wanted)

    def internal_token(self, repository: str) -> str:
        """Return an access token to pull from and push to `repository`, for the registry's own builds."""
        both = [("repository", repository, "pull"), ("repository", repository, "push")]
        return self._sign("access", both, internal=True)

    def is_internal(self, request: Request) -> bool:
        """Whether a request comes from the registry's own builds, which do not need to resolve its name."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        claims = self._claims("access", value) if kind.lower() == "bearer" else None
        return claims is not None and "internal" in claims

    def refresh_token(self) -> str:
        """Return the refresh token that a container engine uses, as the password of `TOKEN_USER`, to get any token."""
        return self._sign("refresh", [])

    async def exchange(self, request: Request) -> Response:
        """POST /oauth2/exchange: a Microsoft Entra access token for a refresh token of the registry."""
        form = await _form(request)
        if not self._token_ok(str(form.get("access_token", ""))):
            return _unauthorized("the Microsoft Entra access token is not valid for this registry")
        return JSONResponse({"refresh_token": self.refresh_token()})

    async def token(self, request: Request) -> Response:
        """GET or POST /oauth2/token: an access token for the requested scopes."""
        fields = await _form(request) if request.method == "POST" else request.query_params
        if not self._caller_known(request, fields):
            return _unauthorized("authentication required")
        return JSONResponse({"access_token": self._sign("access", _asked(fields)), "expires_in": _LIFETIME["access"]})

    def _caller_known(self, request: Request, fields: QueryParams) -> bool:
        match str(fields.get("grant_type", "")):
            case "refresh_token":
                return self._claims("refresh", str(fields.get("refresh_token", ""))) is not None
            case "password":
                return self._password_ok(str(fields.get("username", "")), str(fields.get("password", "")))
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "basic" and self._basic_ok(value)

    def _basic_ok(self, encoded: str) -> bool:
        with suppress(binascii.Error, UnicodeDecodeError):
            user, _, password = base64.b64decode(encoded).decode().partition(":")
            return self._password_ok(user, password)
        return False

    def _password_ok(self, user: str, password: str) -> bool:
        if user == TOKEN_USER:
            return self._claims("refresh", password) is not None
        known = self._credentials()
        if not known or user != known[0]:
            return False
        return any(hmac.compare_digest(password.encode(), valid.encode()) for valid in known[1:])

    def _allows(self, token: str, wanted: Scope | None) -> bool:
        claims = self._claims("access", token)
        if claims is None:
            return False
        granted = {tuple(scope) for scope in claims["access"]}
        return wanted is None or wanted in granted or (*wanted[:2], "*") in granted

    def _claims(self, use: str, token: str) -> dict[str, Any] | None:
        try:
            return jwt.decode(token, self._key, ["HS256"], audience=f"{self.service}/{use}")
        except jwt.InvalidTokenError:
            return None

    def _sign(self, use: str, access: list[Scope], **more: Any) -> str:
        claims = more | {"aud": f"{self.service}/{use}", "exp": int(time.time()) + _LIFETIME[use], "access": access}
        return jwt.encode(claims, self._key, "HS256")

    def _challenge(self, wanted: Scope | None) -> Response:
        challenge = f'Bearer realm="https://{self.service}/oauth2/token",service="{self.service}"'
        if wanted:
            challenge += f',scope="{wanted[0]}:{wanted[1]}:{wanted[2]}"'
        response = _unauthorized(
            "authentication required, visit https://aka.ms/acr/authorization for more information."
        )
        response.headers["WWW-Authenticate"] = challenge
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response


async def _form(request: Request) -> QueryParams:
    return QueryParams((await request.body()).decode(errors="replace"))


def _unauthorized(message: str) -> Response:
    return JSONResponse({"errors": [{"code": "UNAUTHORIZED", "message": message, "detail": None}]}, 401)


def _asked(fields: QueryParams) -> list[Scope]:
    """Parse `repository:a/b:pull,push registry:catalog:*`, as one or several values."""
    texts = [text for value in fields.getlist("scope") for text in str(value).split()]
    parts = [(kind, *rest.rpartition(":")) for kind, _, rest in (text.partition(":") for text in texts)]
    return [(kind, name, action) for kind, name, _, actions in parts for action in actions.split(",")]


def _scope_of(request: Request) -> Scope | None:
    """Return the access that the request needs; None for `/v2/` itself, which any token may request."""
    path = request.url.path.removeprefix("/v2/").removeprefix(attributes.ROOT).strip("/")
    if path == "_catalog":
        return ("registry", "catalog", "*")
    if request.url.path.startswith(attributes.ROOT):
        name = path.partition("/_tags")[0].partition("/_manifests")[0]
        return ("repository", name, "delete" if request.method == "DELETE" else "metadata_read")
    for marker in ("/blobs/", "/manifests/", "/tags/"):
        name, found, _ = path.partition(marker)
        if found:
            return ("repository", name, "pull" if request.method in ("GET", "HEAD") else _changing(request))
    return None


def _changing(request: Request) -> str:
    return "delete" if request.method == "DELETE" and "/uploads/" not in request.url.path else "push"
