"""App registrations in the emulator's tenant, through Microsoft Graph."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import jwt
import requests
from azure.identity import ClientSecretCredential

if TYPE_CHECKING:
    from tests.support.emulated import Azure

SCOPE = {"id": "5a3c1a8e-0d0f-4a55-9d11-a4f6f2b5c001", "value": "user_impersonation", "isEnabled": True}


def ask(azure: Azure, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
    token = azure.credential.get_token(f"{azure.endpoint['graph']}/.default").token
    return requests.request(
        method,
        f"{azure.endpoint['graph']}/v1.0{path}",
        json=body,
        params=query,
        headers={"Authorization": f"Bearer {token}"},
        verify=azure.endpoint["ca_file"],
        timeout=10,
    )


def registration(azure: Azure, **more: Any) -> dict[str, Any]:
    """A new application whose API has an identifier and hands out tokens of version 2."""
    name = f"app-{uuid.uuid4().hex[:8]}"
    created = ask(azure, "POST", "/applications", {"displayName": name, **more})
    assert created.status_code == 201
    application: dict[str, Any] = created.json()
    api = {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [SCOPE]}
    change = {"identifierUris": [f"api://{application['appId']}"], "api": api}
    assert ask(azure, "PATCH", f"/applications/{application['id']}", change).status_code == 204
    found: dict[str, Any] = ask(azure, "GET", f"/applications/{application['id']}").json()
    return found


def principal_of(azure: Azure, application: dict[str, Any], **more: Any) -> dict[str, Any]:
    created = ask(azure, "POST", "/servicePrincipals", {"appId": application["appId"], **more})
    assert created.status_code == 201
    principal: dict[str, Any] = created.json()
    return principal


def token(azure: Azure, client_id: str, secret: str, scope: str) -> dict[str, Any]:
    """The claims of a token for `scope`."""
    credential = ClientSecretCredential(
        azure.endpoint["tenant_id"],
        client_id,
        secret,
        authority=azure.endpoint["authority"],
        disable_instance_discovery=True,
        connection_verify=azure.endpoint["ca_file"],
    )
    claims: dict[str, Any] = jwt.decode(credential.get_token(scope).token, options={"verify_signature": False})
    return claims


def own_token(azure: Azure, scope: str) -> dict[str, Any]:
    return token(azure, azure.endpoint["client_id"], azure.endpoint["client_secret"], scope)
