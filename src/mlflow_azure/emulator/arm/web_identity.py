"""The `identity` of a web app or a registry: its system-assigned and user-assigned identities.

https://learn.microsoft.com/azure/app-service/overview-managed-identity
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.access import allows, granted
from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.identity_principals import create_principal

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.arm.resources import Body

_NUMBERS = 100_000
_SYSTEM, _USER = "SystemAssigned", "UserAssigned"
_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"


def written_identity(call: Call, existing: Body | None) -> Body:
    """Return the `identity` of a resource after a request, in an object with that key; empty if it has none.

    Raises:
        ArmError: The type is invalid, an identity does not exist, or the caller may not assign it.

    """
    live: Body = (existing or {}).get("identity") or {}
    wanted = call.body.get("identity")
    if wanted is None:
        return {"identity": live} if live else {}
    named = {kind.strip().lower() for kind in str(wanted.get("type", "")).split(",")}
    kinds = [kind for kind in (_SYSTEM, _USER, "None") if kind.lower() in named]
    if len(kinds) != len(named):
        raise invalid_content(f"The identity type '{wanted.get('type')}' is not valid.")
    attached = _attached(call, live, wanted) if _USER in kinds else {}
    own = _own(call, live, wanted=_SYSTEM in kinds)
    kept = [kind for kind in (_SYSTEM, _USER) if kind in kinds]
    return {"identity": {"type": ", ".join(kept), **own, **attached}} if kept else {}


def numbers_of(identity: Body) -> dict[str, int | None]:
    """Return App Service's own numbers of the identities of a site, in its configuration.

    One for the system-assigned identity, one for the others: recorded in 2024, version 2023-01-01.
    """
    named = {"managedServiceIdentityId": identity.get("principalId"), "xManagedServiceIdentityId": None}
    if attached := identity.get("userAssignedIdentities"):
        named["xManagedServiceIdentityId"] = ",".join(sorted(attached)).lower()
    return {name: zlib.crc32(value.encode()) % _NUMBERS if value else None for name, value in named.items()}


def _own(call: Call, live: Body, *, wanted: bool) -> Body:
    """Create, keep or delete the system-assigned identity."""
    principal = live.get("principalId")
    if not wanted:
        call.world.directory.remove("servicePrincipals", principal or "")
        return {}
    if principal is None:
        principal = create_principal(call.world, call.id.rpartition("/")[2], call.id)["id"]
    return {"principalId": principal, "tenantId": call.world.identity.tenant_id}


def _attached(call: Call, live: Body, wanted: Body) -> Body:
    """Return the user-assigned identities: a PATCH keeps omitted ones, and removes those set to null."""
    named = wanted.get("userAssignedIdentities") or {}
    before = live.get("userAssignedIdentities") or {}
    kept = before if call.method == "PATCH" else {}
    gone = {identity.lower() for identity, value in named.items() if value is None}
    ids = [each for each in {**kept, **named} if each.lower() not in gone]
    if not ids:
        # The text: github.com/ohadschn/letsencrypt-webapp-renewer/pull/81.
        raise invalid_content("The identity ids must not be null or empty for 'UserAssigned' identity type.")
    found = {}
    for each in ids:
        found[each] = before.get(each) or _ids_of(call, each)
    return {"userAssignedIdentities": found}


def _ids_of(call: Call, identity_id: str) -> Body:
    identity = call.world.resources.find(identity_id)
    if identity is None:
        # The format of the error: github.com/Azure/azure-cli/issues/31837.
        raise ArmError(
            400,
            "FailedIdentityOperation",
            f"Identity operation for resource '{call.id}' failed with error 'Failed to perform resource identity "
            'operation. Status: \'BadRequest\'. Response: \'{"error":{"code":"BadRequest","message":"Resource '
            f"'{identity_id}' was not found.\"}}}}'.'.",
        )
    _require_assignable(call, identity["id"])
    return {name: identity["properties"][name] for name in ("principalId", "clientId")}


def _require_assignable(call: Call, identity_id: str) -> None:
    """Refuse an identity that the caller may not assign; Managed Identity Operator has that action.

    https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-linked-authorization-failed
    """
    if any(allows(rules, _ASSIGN) for rules in granted(call.world, identity_id)):
        return
    raise ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{call.principal['appid']}' with object id '{call.principal['oid']}' has permission to perform "
        f"action '{call.type}/write' on scope '{call.id}'; however, it does not have permission to perform "
        f"action(s) '{_ASSIGN}' on the linked scope(s) '{identity_id}' (respectively) or the linked scope(s) are "
        "invalid.",
    )
