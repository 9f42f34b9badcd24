"""Microsoft.Storage: an account's management policy for blob lifecycle. Stored without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.storage import ACCOUNT, now

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/storagerp/management-policies")

_POLICY = ACCOUNT + "/managementPolicies/default"


@endpoints.on("PUT", _POLICY, lacks="no blob is moved or deleted")
async def put_policy(call: Call) -> Answer:
    """Replace the rules."""
    rules = ((call.body.get("properties") or {}).get("policy") or {}).get("rules")
    if not rules or not all(isinstance(rule, dict) for rule in rules):
        raise invalid_content("'properties.policy.rules' is required.")
    policy: Body = {"id": call.id, "name": "DefaultManagementPolicy", "type": call.type}
    policy["properties"] = {"policy": {"rules": [_complete(rule) for rule in rules]}, "lastModifiedTime": now()}
    return Answer(call.world.resources.put(policy))


@endpoints.on("GET", _POLICY)
async def get_policy(call: Call) -> Answer:
    """The rules."""
    policy = call.world.resources.find(call.id)
    if policy is None:
        account = call["account"]
        raise ArmError(404, "ManagementPolicyNotFound", f"No ManagementPolicy found for account {account}")
    return Answer(policy)


@endpoints.on("DELETE", _POLICY)
async def delete_policy(call: Call) -> Answer:
    """Delete the rules."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.resources.remove(call.id)
    return Answer()


def _complete(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as in responses: a new one is enabled, and nulls are left out."""
    return {"enabled": True, **_without_nulls(rule)}


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    given = {name: each for name, each in value.items() if each is not None}
    return {name: _without_nulls(each) if isinstance(each, dict) else each for name, each in given.items()}
