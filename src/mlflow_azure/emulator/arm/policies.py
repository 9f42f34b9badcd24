"""Azure Policy: what is forbidden, and Microsoft.PolicyInsights, which checks that in advance.

Set through the control interface: {"deny": [types], "allowSharedKeyAccess": false}. With {"group": name} they are
assigned to that resource group: they apply in it, and a check of the subscription does not show them.
https://learn.microsoft.com/azure/governance/policy/concepts/scope
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/policy/policy-restrictions")

_ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments"
_OF_ASSIGNMENTS = "https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments/list"
_CHECK = "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
_SHARED_KEYS = ("Microsoft.Storage/storageAccounts", "allowSharedKeyAccess")


def require_permitted(call: Call) -> None:
    """Refuse a resource of a forbidden type.

    Raises:
        ArmError: It is.

    """
    if call.method in ("PUT", "PATCH") and _denied(call.world, call.type, call.params.get("group")):
        raise ArmError(
            403,
            "RequestDisallowedByPolicy",
            f"Resource '{call.id.rpartition('/')[2]}' was disallowed by policy. Reasons: 'Type {call.type} is not "
            "allowed.'. See error details for policy resource IDs.",
        )


def modifications(world: World, resource_type: str, group: str | None) -> dict[str, Any]:
    """Return the properties that a policy sets on every resource of a type in a group, whatever the request says."""
    type_, name = _SHARED_KEYS
    forbidden = _assigned(world, group).get(name) is False
    return {name: False} if forbidden and resource_type == type_ else {}


@endpoints.on("POST", "/subscriptions/{subscription}" + _CHECK)
@endpoints.on("POST", "/subscriptions/{subscription}/resourceGroups/{group}" + _CHECK)
async def check_restrictions(call: Call) -> Answer:
    """The effect of policies on a resource.

    https://learn.microsoft.com/rest/api/policy/policy-restrictions/check-at-resource-group-scope
    """
    resource_type = str(call.body.get("resourceDetails", {}).get("resourceContent", {}).get("type", ""))
    restricted = modifications(call.world, resource_type, call.params.get("group"))
    fields = [
        {
            "field": f"{resource_type}/{name}",
            "restrictions": [{"result": "Required", "values": [str(value).lower()], "policy": _policy(call, name)}],
        }
        for name, value in restricted.items()
    ]
    effects = dict.fromkeys(restricted, "Modify")
    if _denied(call.world, resource_type, call.params.get("group")):
        effects["denied-types"] = "Deny"
    evaluations = [
        {
            "policyInfo": _policy(call, name),
            "evaluationResult": "NonCompliant",
            "effectDetails": {"policyEffect": effect},
        }
        for name, effect in effects.items()
    ]
    return Answer({"fieldRestrictions": fields, "contentEvaluationResult": {"policyEvaluations": evaluations}})


@endpoints.on("GET", "/subscriptions/{subscription}" + _ASSIGNMENTS, reference=_OF_ASSIGNMENTS)
@endpoints.on("GET", "/subscriptions/{subscription}/resourceGroups/{group}" + _ASSIGNMENTS, reference=_OF_ASSIGNMENTS)
async def list_assignments(call: Call) -> Answer:
    """The policies in effect at a scope."""
    assigned = _assigned(call.world, call.params.get("group"))
    names = ["denied-types"] if assigned.get("deny") else []
    names += [_SHARED_KEYS[1]] if assigned.get(_SHARED_KEYS[1]) is False else []
    return Answer({"value": [_assignment(_policy(call, name)) for name in names]})


def _assignment(policy: dict[str, str]) -> dict[str, Any]:
    assignment, name = policy["policyAssignmentId"], policy["policyAssignmentId"].rpartition("/")[2]
    properties = {
        "displayName": name,
        "policyDefinitionId": policy["policyDefinitionId"],
        "scope": assignment.removesuffix(f"{_ASSIGNMENTS}/{name}"),
        "notScopes": [],
        "parameters": {},
        "enforcementMode": "Default",
    }
    type_ = "Microsoft.Authorization/policyAssignments"
    return {"id": assignment, "name": name, "type": type_, "properties": properties}


def _assigned(world: World, group: str | None) -> dict[str, Any]:
    """Return the policies that apply in a group, or in the whole subscription if it is None."""
    policies: dict[str, Any] = world.settings.get("policies", {})
    only_in = policies.get("group")
    return policies if only_in is None or only_in.lower() == (group or "").lower() else {}


def _denied(world: World, resource_type: str, group: str | None) -> bool:
    denied = _assigned(world, group).get("deny", [])
    return resource_type.lower() in [each.lower() for each in denied]


def _policy(call: Call, name: str) -> dict[str, str]:
    subscription = f"/subscriptions/{call['subscription']}"
    group = call.world.settings["policies"].get("group")
    scope = f"{subscription}/resourceGroups/{group}" if group else subscription
    return {
        "policyDefinitionId": f"{subscription}/providers/Microsoft.Authorization/policyDefinitions/{name}",
        "policyAssignmentId": f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}",
    }
