"""Access tokens of an application itself, such as a managed identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.world import CONTAINER_REGISTRY, STORAGE
from mlflow_azure.emulator.cloud_differences import APP_SERVICE, CLOUDS
from mlflow_azure.emulator.consent import SignInError

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

# Audience of an assertion with which a managed identity signs in as an application.
TOKEN_EXCHANGE = "api://AzureADTokenExchange"  # noqa: S105 - an audience
_DIRECTORY_RIGHTS = {
    "none": [],
    "read": ["Directory.Read.All"],
    "write": ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All"],
}
_GRAPH = "https://graph.microsoft.com"
_SERVICES = {
    STORAGE,
    APP_SERVICE,
    CONTAINER_REGISTRY,
    "https://vault.azure.net",
    *(audience for cloud in CLOUDS.values() for audience in (cloud.postgres, cloud.graph)),
}


def client_token(world: World, identifier: str, client_id: str, subject: str, tenant: str = "", **claims: Any) -> str:
    """Return a token for the API `identifier`, issued to the service principal `subject` of a client.

    Raises:
        SignInError: There is no such API in the tenant, or the client is not assigned to it.

    """
    claims |= {"appid": client_id, "azp": client_id, "idtyp": "app"}
    if identifier.rstrip("/") in (world.url, _GRAPH):  # the emulator is Resource Manager and Microsoft Graph at once
        # https://learn.microsoft.com/graph/permissions-reference: what an administrator granted the application
        claims["roles"] = _DIRECTORY_RIGHTS[world.directory_rights()]
    if identifier.rstrip("/") in _services(world):
        return world.tokens.sign(identifier, subject, tenant=tenant, **claims)
    if identifier == TOKEN_EXCHANGE:
        # Its issuer is the v2 issuer, as in federated credentials:
        # https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
        return world.tokens.sign(identifier, subject, 2, **claims)
    directory = world.directory
    resource = directory.resource_named(identifier)
    application = resource and directory.find("applications", appId=resource["appId"])
    if not resource or not application:
        raise SignInError(
            400,
            "invalid_resource",
            f"AADSTS500011: The resource principal named {identifier} was not found in the tenant named Emulator. "
            "This can happen if the application has not been installed by the administrator of the tenant or "
            "consented to by any user in the tenant.",
        )
    roles = directory.roles_of(subject, resource)
    if roles is None and resource["appRoleAssignmentRequired"]:
        raise SignInError(
            400,
            "invalid_grant",
            f"AADSTS501051: Application '{client_id}' is not assigned to a role for the application '{identifier}'.",
        )
    version = application["api"]["requestedAccessTokenVersion"] or 1
    audience = identifier if version == 1 else resource["appId"]
    if roles:
        claims["roles"] = roles
    return world.tokens.sign(audience, subject, version, **claims)


def _services(world: World) -> set[str]:
    """Identifiers of Azure's own services."""
    return {audience.rstrip("/") for audience in world.audiences} | _SERVICES
