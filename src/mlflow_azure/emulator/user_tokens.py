"""Tokens for a user: what a public client gets for a code from the sign-in page, and for a refresh token.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.consent import (
    FIRST_PARTY,
    SIGN_IN_SCOPES,
    SignInError,
    granted_scopes,
    not_consented,
    require_assignment,
)
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Object


@dataclass(frozen=True)
class _Code:
    client: str
    user: str
    redirect_uri: str
    challenge: str
    nonce: str


class UserTokens:
    """Issues codes and tokens for users. Codes are lost when the emulator stops."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}

    def code(self, user: str, asked: Mapping[str, str]) -> str:
        """Return the one-time code for the tokens of the client that sent a user to the sign-in page."""
        code = secrets.token_urlsafe(30)
        names = ("redirect_uri", "code_challenge", "nonce")
        self._codes[code] = _Code(asked["client_id"], user, *(asked.get(name, "") for name in names))
        return code

    def redeem_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens for a code.

        Raises:
            SignInError: The code is not valid, or the user or the client is not allowed to.

        """
        code = self._codes.pop(form.get("code", ""), None)
        given = (form.get("client_id", ""), form.get("redirect_uri", ""), _challenge(form.get("code_verifier", "")))
        if code is None or given != (code.client, code.redirect_uri, code.challenge):
            raise SignInError(400, "invalid_grant", "AADSTS70000: The provided authorization code is not valid.")
        return self._tokens(code.client, code.user, form, code.nonce)

    def redeem_refresh_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens for a refresh token, possibly for another API. Raises SignInError like `redeem_code`."""
        client = form.get("client_id", "")
        try:
            claims = self._world.tokens.verify(form.get("refresh_token", ""), frozenset({_refresh_audience(client)}))
        except TokenError as error:
            raise SignInError(400, "invalid_grant", f"AADSTS70000: The refresh token is not valid: {error}") from error
        return self._tokens(client, str(claims["oid"]), form, "")

    def _tokens(self, client: str, user_id: str, form: Mapping[str, str], nonce: str) -> dict[str, Any]:
        user = self._world.directory.find("users", id=user_id)
        if user is None:
            raise SignInError(400, "invalid_grant", "AADSTS50034: The user account does not exist in the directory.")
        wanted = [scope for scope in form.get("scope", "").split() if scope not in SIGN_IN_SCOPES]
        identifier, _, scope = (wanted or [f"{self._world.url}/.default"])[0].rpartition("/")
        sign = self._world.tokens.sign
        names = {"name": user["displayName"], "preferred_username": user.get("userPrincipalName", "")}
        token, scopes = self._access_token(client, user, identifier, scope, names)
        lifetime = self._world.tokens.lifetime
        return {
            "token_type": "Bearer",
            "scope": " ".join(f"{identifier}/{each}" for each in sorted(scopes)),
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
            "refresh_token": sign(_refresh_audience(client), user_id),
            "id_token": sign(client, user_id, 2, **names, **({"nonce": nonce} if nonce else {})),
            "client_info": _encoded({"uid": user_id, "utid": self._world.identity.tenant_id}),
        }

    def _access_token(
        self, client: str, user: Object, identifier: str, scope: str, names: dict[str, str]
    ) -> tuple[str, set[str]]:
        world = self._world
        claims: dict[str, Any] = {"appid": client, "azp": client, "idtyp": "user", **names}
        if identifier in world.audiences | world.database_audiences:
            claims["scp"] = "user_impersonation"
            return world.tokens.sign(identifier, user["id"], **claims), {"user_impersonation"}
        resource = world.directory.resource_named(identifier)
        application = resource and world.directory.find("applications", appId=resource["appId"])
        if not resource or not application:
            raise SignInError(
                400,
                "invalid_resource",
                f"AADSTS500011: The resource principal named {identifier} was not found in the tenant named Emulator.",
            )
        require_assignment(world.directory, user, resource)
        scopes = granted_scopes(world.directory, client, resource, user["id"])
        if not scopes or (scope != ".default" and scope not in scopes):
            raise not_consented(client, FIRST_PARTY.get(client, client))
        version = application["api"]["requestedAccessTokenVersion"] or 1
        audience = identifier if version == 1 else resource["appId"]
        claims["scp"] = " ".join(sorted(scopes))
        return world.tokens.sign(audience, user["id"], version, **claims), scopes


def _challenge(verifier: str) -> str:
    """Return the code challenge (RFC 7636, S256)."""
    if not verifier:
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _encoded(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def _refresh_audience(client: str) -> str:
    return f"refresh token of {client}"
