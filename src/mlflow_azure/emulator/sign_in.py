"""The sign-in endpoints of the emulated Microsoft Entra tenant."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World


class SignIn:
    """Token endpoint, keys and discovery documents of one tenant."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes, each with the tenant's id (or a name for it) in front."""
        return [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/{tenant}/oauth2/token", self._token, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/common/discovery/instance", self._instance),
        ]

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        identity = self._world.identity
        tenant = request.path_params["tenant"]
        if tenant != identity.tenant_id:
            return _refusal(400, "invalid_tenant", f"AADSTS90002: Tenant '{tenant}' not found.")
        if form.get("client_id") != identity.client_id:
            return _refusal(
                400,
                "unauthorized_client",
                f"AADSTS700016: Application with identifier '{form.get('client_id')}' was not found in the "
                "directory 'Emulator'.",
            )
        if not secrets.compare_digest(form.get("client_secret", ""), identity.client_secret):
            return _refusal(
                401,
                "invalid_client",
                f"AADSTS7000215: Invalid client secret provided for app '{identity.client_id}'.",
            )
        audience = form.get("resource") or form.get("scope", "").split(" ")[0].removesuffix("/.default")
        token = self._world.tokens.sign(
            audience, identity.object_id, appid=identity.client_id, azp=identity.client_id, idtyp="app"
        )
        lifetime = self._world.tokens.lifetime
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token,
            }
        )

    async def _configuration(self, request: Request) -> Response:
        base = f"{self._world.url}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": self._world.tokens.issuer,
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


def _refusal(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
