"""The sign-in endpoints of the emulated Microsoft Entra tenant."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mlflow_azure.emulator.client_assertions import ASSERTION_TYPE, require_trusted
from mlflow_azure.emulator.client_tokens import client_token
from mlflow_azure.emulator.consent import SignInError

if TYPE_CHECKING:
    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.user_tokens import UserTokens


class SignIn:
    """Token endpoint, keys and discovery documents of one tenant."""

    def __init__(self, world: World, users: UserTokens) -> None:
        self._world = world
        self._users = users

    def routes(self) -> list[Route]:
        """Return the routes, each with the tenant's id (or a name for it) in front."""
        return [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/{tenant}/oauth2/token", self._token, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/common/discovery/instance", self._instance),
        ]

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        try:
            return JSONResponse(self._granted(request.path_params["tenant"], form))
        except SignInError as refusal:
            return JSONResponse(refusal.body(), refusal.status)

    def _granted(self, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        self._require_tenant(tenant)
        match form.get("grant_type", ""):
            case "client_credentials":
                return self._of_client(tenant, form)
            case "authorization_code":
                return self._users.redeem_code(form)
            case "refresh_token":
                return self._users.redeem_refresh_token(form)
            case grant:
                description = f"AADSTS70003: The app requested an unsupported grant type '{grant}'."
                raise SignInError(400, "unsupported_grant_type", description)

    def _of_client(self, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        """Return a token for the client itself."""
        subject = self._client(form.get("client_id", ""), form)
        identifier = form.get("resource") or form.get("scope", "").split(" ")[0].removesuffix("/.default")
        token = client_token(self._world, identifier, form["client_id"], subject, tenant)
        lifetime = self._world.tokens.lifetime
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _require_tenant(self, tenant: str) -> None:
        if tenant not in self._world.tenants():
            raise SignInError(400, "invalid_tenant", f"AADSTS90002: Tenant '{tenant}' not found.")

    def _client(self, client_id: str, form: dict[str, str]) -> str:
        """Return the object id of a client's service principal, authenticated by a secret or a federated credential."""
        identity, directory = self._world.identity, self._world.directory
        application = directory.find("applications", appId=client_id)
        principal = directory.find("servicePrincipals", appId=client_id)
        if principal is None:
            raise SignInError(
                400,
                "unauthorized_client",
                f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory 'Emulator'.",
            )
        if application and form.get("client_assertion_type") == ASSERTION_TYPE:
            require_trusted(self._world, application, form.get("client_assertion", ""))
            return str(principal["id"])
        secret = form.get("client_secret", "")
        own = client_id == identity.client_id and secrets.compare_digest(
            secret.encode(), identity.client_secret.encode()
        )
        holders = filter(None, (application, principal))  # both can have secrets
        if not own and not any(directory.password_ok(holder, secret) for holder in holders):
            raise SignInError(
                401, "invalid_client", f"AADSTS7000215: Invalid client secret provided for app '{client_id}'."
            )
        return str(principal["id"])

    async def _configuration(self, request: Request) -> Response:
        tenant = request.path_params["tenant"]
        base = f"{self._world.url}/{tenant}"
        return JSONResponse(
            {
                "issuer": self._world.tokens.issuer(self._world.identity.tenant_id if tenant == "common" else tenant),
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token", "code id_token"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["pairwise"],
                "tenant_region_scope": "EU",
            }
        )

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(self._world.tokens.public_keys())

    async def _instance(self, _request: Request) -> Response:
        host = self._world.url.removeprefix("https://")
        document: dict[str, Any] = {
            "tenant_discovery_endpoint": f"{self._world.url}/{self._world.identity.tenant_id}"
            "/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
        return JSONResponse(document)
