"""The service principals of managed identities, and the identities of a resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from mlflow_azure.emulator.directory import service_principal
from mlflow_azure.emulator.microsoft_graph.service import begin_lag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Object

IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True)
class ManagedIdentity:
    """An identity of a resource.

    Attributes:
        principal: Object id of its service principal.
        client: Its client (application) id.
        resource: Id of the user-assigned identity, or of the resource with the system-assigned one.

    """

    principal: str
    client: str
    resource: str


def create_principal(world: World, name: str, resource_id: str) -> Object:
    """Create the service principal of a new managed identity; directory replicas know it only later.

    Its properties: https://learn.microsoft.com/graph/api/resources/serviceprincipal.
    """
    explicit = f"/providers/{IDENTITY_TYPE}/".lower() in resource_id.lower()
    principal = {
        **service_principal(str(uuid4()), name),
        "servicePrincipalType": "ManagedIdentity",
        "alternativeNames": [f"isExplicit={explicit}", resource_id],
    }
    begin_lag(world.quirks, "servicePrincipals", principal["id"])
    return world.directory.put("servicePrincipals", principal)


def described_principal(world: World, principal: Object) -> Body:
    """Return the ids of a managed identity, in the format of Microsoft.ManagedIdentity."""
    tenant = world.identity.tenant_id
    return {"tenantId": tenant, "principalId": principal["id"], "clientId": principal["appId"]}


def remove_principals(world: World, body: Body) -> None:
    """Remove a deleted resource's principals from the directory: an identity's own, or the system-assigned one."""
    own = body["properties"] if body["type"] == IDENTITY_TYPE else body.get("identity") or {}
    if principal := own.get("principalId"):
        world.directory.remove("servicePrincipals", principal)


def system_assigned(world: World, resource: Body) -> ManagedIdentity | None:
    """The system-assigned identity of a resource."""
    principal = world.directory.find("servicePrincipals", id=resource.get("identity", {}).get("principalId"))
    return ManagedIdentity(principal["id"], principal["appId"], resource["id"]) if principal else None


def user_assigned(world: World, resource: Body) -> Iterator[ManagedIdentity]:
    """The user-assigned identities of a resource that still exist."""
    for identity_id in resource.get("identity", {}).get("userAssignedIdentities") or {}:
        if identity := world.resources.find(identity_id):
            ids = identity["properties"]
            yield ManagedIdentity(ids["principalId"], ids["clientId"], identity["id"])
