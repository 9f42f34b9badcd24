"""The relevant built-in roles, and their assignments.

Ids: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments"


@dataclass(frozen=True)
class Role:
    """A role: its name, and the actions that it allows."""

    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()


_PULL = "Microsoft.ContainerRegistry/registries/pull/read"
_PUSH = "Microsoft.ContainerRegistry/registries/push/write"
_NO_ACCESS_CONTROL = (
    "Microsoft.Authorization/*/Delete",
    "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/elevateAccess/Action",
    # Since then, as recorded in 2024; none of it is emulated.
    *("Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete"),
    *("Microsoft.Compute/galleries/share/action", "Microsoft.Purview/consents/write"),
    "Microsoft.Purview/consents/delete",
)
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_BLOBS = f"{_CONTAINERS}/blobs"
_DELEGATION_KEY = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Role("Owner", ("*",)),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Role("Contributor", ("*",), _NO_ACCESS_CONTROL),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Role("Reader", ("*/read",)),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Role(
        "User Access Administrator", ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
    ),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": Role("AcrPull", (_PULL,)),
    "8311e382-0749-4cb8-b61a-304f252e45ec": Role("AcrPush", (_PULL, _PUSH)),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": Role(
        "Storage Blob Data Contributor",
        (*(f"{_CONTAINERS}/{verb}" for verb in ("delete", "read", "write")), _DELEGATION_KEY),
        data_actions=tuple(f"{_BLOBS}/{verb}" for verb in ("delete", "read", "write", "move/action", "add/action")),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Role(
        "Storage Blob Data Reader",
        (f"{_CONTAINERS}/read", _DELEGATION_KEY),
        data_actions=(f"{_BLOBS}/read",),
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Role(
        "Storage Blob Data Owner", (f"{_CONTAINERS}/*", _DELEGATION_KEY), data_actions=(f"{_BLOBS}/*",)
    ),
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": Role("Storage Blob Delegator", (_DELEGATION_KEY,)),
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": Role(
        "Managed Identity Contributor", tuple(f"{_IDENTITIES}/{verb}" for verb in ("read", "write", "delete"))
    ),
    "f1a07417-d97a-45cb-824c-7a7472bb4f4c": Role(
        "Managed Identity Operator", (f"{_IDENTITIES}/read", f"{_IDENTITIES}/assign/action")
    ),
    "de139f84-1756-47ae-9be6-808fbbe84772": Role("Website Contributor", ("Microsoft.Web/sites/*",)),
}


def may_pull(world: World, principal: str, registry_id: str) -> bool:
    """Whether a principal may pull images from a registry.

    A role takes up to ten minutes to become effective, sometimes thirty:
    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
    """
    return any(
        not world.quirks.strikes("role_lag", assignment["id"])
        for assignment in assigned(world, principal, registry_id)
        if _PULL in ROLES[assignment["properties"]["roleDefinitionId"].rpartition("/")[2]].actions
    )


def assigned(world: World, principal: str, scope: str) -> Iterator[Body]:
    """Return the role assignments of a principal on `scope` or above it."""
    for assignment in world.resources.of_type(ASSIGNMENT_TYPE):
        properties = assignment["properties"]
        above = f"{scope}/".lower().startswith(properties["scope"].lower().rstrip("/") + "/")
        if above and properties["principalId"] == principal:
            yield assignment
