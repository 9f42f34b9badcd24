"""Microsoft.Authorization: role definitions, role assignments, and what the caller may do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.access import denials, described_denial, granted
from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.roles import ASSIGNMENT_TYPE, ROLES

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/authorization")

_PROVIDER = "/{scope:path}/providers/Microsoft.Authorization"
_ASSIGNMENT = _PROVIDER + "/roleAssignments/{assignment}"
# Properties of an assignment that can be changed; a condition has no effect.
_OPTIONAL = ("condition", "conditionVersion", "description")
_CONDITION = re.compile(r"(\w+)\s+eq\s+'([^']*)'|(assignedTo)\('([^']*)'\)", re.IGNORECASE)


@endpoints.on("GET", _PROVIDER + "/permissions")
async def list_permissions(call: Call) -> Answer:
    """The permissions of each of the caller's roles at a scope. They do not include deny assignments."""
    permissions = granted(call.world, _scope(call))
    return Answer({"value": [{**each, "dataActions": [], "notDataActions": []} for each in permissions]})


@endpoints.on("GET", _PROVIDER + "/denyAssignments")
async def list_deny_assignments(call: Call) -> Answer:
    """The deny assignments at a scope."""
    denied = denials(call.world, _scope(call))
    return Answer({"value": [described_denial(call.world, each) for each in denied]})


@endpoints.on("GET", _PROVIDER + "/roleDefinitions")
async def list_role_definitions(call: Call) -> Answer:
    """The built-in roles, or the one named by `$filter`, in any case: recorded in 2023 to 2025."""
    wanted = _conditions(call).get("rolename")
    found = [_definition(call, role) for role, each in ROLES.items() if wanted is None or _same(wanted, each.name)]
    return Answer({"value": found})


@endpoints.on("GET", _PROVIDER + "/roleDefinitions/{role}")
async def get_role_definition(call: Call) -> Answer:
    """One role."""
    _require_role(call["role"])
    return Answer(_definition(call, call["role"]))


@endpoints.on("PUT", _ASSIGNMENT, lacks="the effect of a condition")
async def put_role_assignment(call: Call) -> Answer:
    """Assign a role on a scope to a principal, or update the description and condition of an assignment."""
    wanted = call.body.get("properties") or {}
    role, principal = str(wanted.get("roleDefinitionId", "")), str(wanted.get("principalId", ""))
    if not role or not principal:
        raise invalid_content("'roleDefinitionId' and 'principalId' are required.")
    _require_role(role.rpartition("/")[2])
    _require_principal(call, principal, wanted.get("principalType"))
    existing = call.world.resources.find(call.id)
    if existing and _identity(existing) == _identity({"properties": {**wanted, "scope": _scope(call)}}):
        return _updated(existing, wanted)
    if existing:
        raise ArmError(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    assignment = call.world.resources.put(_new_assignment(call, wanted))
    call.world.quirks.begin("role_lag", assignment["id"])
    return _created(assignment)


@endpoints.on("GET", _ASSIGNMENT)
async def get_role_assignment(call: Call) -> Answer:
    """One role assignment."""
    assignment = call.world.resources.find(call.id)
    if assignment is None:
        raise ArmError(404, "RoleAssignmentNotFound", f"The role assignment '{call['assignment']}' is not found.")
    return Answer(assignment)


@endpoints.on("DELETE", _ASSIGNMENT)
async def delete_role_assignment(call: Call) -> Answer:
    """Remove a role assignment."""
    assignment = call.world.resources.find(call.id)
    call.world.resources.remove(call.id)
    return Answer(assignment) if assignment else Answer(status=204)


@endpoints.on("GET", _PROVIDER + "/roleAssignments")
async def list_role_assignments(call: Call) -> Answer:
    """The assignments at a scope, above it and (unless `atScope()` is given) below it."""
    conditions, at_scope = _conditions(call), "atscope()" in call.query.get("$filter", "").lower()
    principal = conditions.get("principalid") or conditions.get("assignedto")
    scope = _scope(call).lower()
    found = []
    for each in call.world.resources.of_type(ASSIGNMENT_TYPE):
        at = each["properties"]["scope"].lower()
        related = scope.startswith(at) or (at.startswith(scope) and not at_scope)
        if related and principal in (None, each["properties"]["principalId"]):
            found.append(each)
    return Answer({"value": found})


def _scope(call: Call) -> str:
    return f"/{call['scope']}"


def _conditions(call: Call) -> dict[str, str]:
    """Return the conditions of `$filter`: names in lower case, values unchanged."""
    found = _CONDITION.findall(call.query.get("$filter", ""))
    return {(name or function).lower(): value or argument for name, value, function, argument in found}


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise ArmError(
            404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{role}' does not exist."
        )


def _require_principal(call: Call, principal: str, kind: str | None) -> None:
    """Refuse a principal that is not in the directory, unless the caller gives its type.

    This is how callers avoid the replication delay of a new principal:
    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting.
    """
    lags = call.world.quirks.strikes("directory_lag", f"servicePrincipals/{principal} as reference")
    if kind or (call.world.knows_principal(principal) and not lags):
        return
    raise ArmError(
        400,
        "PrincipalNotFound",
        f"Principal {principal.replace('-', '')} does not exist in the directory {call.world.identity.tenant_id}. "
        "Check that you have the correct principal ID. If you are creating this principal and then immediately "
        "assigning a role, this error might be related to a replication delay. In this case, set the role assignment "
        "principalType property to a value, such as ServicePrincipal, User, or Group. See "
        "https://aka.ms/docs-principaltype",
    )


def _identity(assignment: Body) -> tuple[str, ...]:
    """Return what must be unique for an assignment: role, principal and scope."""
    properties = assignment["properties"]
    role = properties["roleDefinitionId"].rpartition("/")[2]
    return role.lower(), properties["principalId"].lower(), properties["scope"].lower()


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _created(assignment: Body) -> Answer:
    """Recorded in 2024 and 2026, version 2022-04-01: who made it is not told in the answer to the PUT."""
    return Answer({**assignment, "properties": {**assignment["properties"], "createdBy": None}}, 201)


def _updated(existing: Body, wanted: dict[str, Any]) -> Answer:
    """An update is answered as a creation: recorded in 2024, version 2022-04-01."""
    optional = {name: wanted.get(name) for name in _OPTIONAL}
    if optional.items() <= existing["properties"].items():
        return Answer(existing)
    existing["properties"].update(optional, updatedOn=datetime.now(UTC).isoformat())
    return _created(existing)


def _new_assignment(call: Call, wanted: dict[str, Any]) -> Body:
    caller = call.principal["oid"]
    properties = {
        "roleDefinitionId": wanted["roleDefinitionId"],
        "principalId": wanted["principalId"],
        "principalType": wanted.get("principalType") or "ServicePrincipal",
        "scope": _scope(call),
        "createdOn": datetime.now(UTC).isoformat(),
        "updatedOn": datetime.now(UTC).isoformat(),
        "createdBy": caller,
        "updatedBy": caller,
        "delegatedManagedIdentityResourceId": None,
        **{name: wanted.get(name) for name in _OPTIONAL},
    }
    new: Body = {"id": call.id, "name": call["assignment"], "type": ASSIGNMENT_TYPE, "properties": properties}
    for each in call.world.resources.of_type(ASSIGNMENT_TYPE):
        if _identity(each) == _identity(new):
            name = each["name"].replace("-", "")
            raise ArmError(
                409,
                "RoleAssignmentExists",
                f"The role assignment already exists. The ID of the conflicting role assignment is {name}.",
            )
    return new


def _definition(call: Call, role: str) -> Body:
    described = ROLES[role]
    permissions = {
        "actions": list(described.actions),
        "notActions": list(described.not_actions),
        "dataActions": list(described.data_actions),
        "notDataActions": [],
    }
    subscription = "/".join(_scope(call).split("/")[:3])
    return {
        "id": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "name": role,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": described.name,
            "type": "BuiltInRole",
            "description": f"The built-in role {described.name}.",
            "assignableScopes": ["/"],
            "permissions": [permissions],
            # The dates of Owner, and made by nobody: recorded in 2023 to 2025, version 2022-05-01-preview.
            "createdOn": "2015-02-02T21:55:09.8806423Z",
            "updatedOn": "2021-11-11T20:13:45.8978856Z",
            "createdBy": None,
            "updatedBy": None,
        },
    }
