"""Microsoft.Authorization: the operations of each provider that roles allow; only those of the emulator."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from mlflow_azure.emulator.arm import access
from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints

endpoints = Endpoints("https://learn.microsoft.com/rest/api/authorization/provider-operations-metadata")

_TYPE = "Microsoft.Authorization/providerOperations"
_ALL = f"/providers/{_TYPE}"
_LACKS = "operations that the emulator lacks, and descriptions"


@endpoints.on("GET", _ALL, lacks=_LACKS)
async def list_operations(call: Call) -> Answer:
    """The operations of all providers."""
    return Answer({"value": _described(call)})


@endpoints.on("GET", _ALL + "/{namespace}", lacks=_LACKS)
async def get_operations(call: Call) -> Answer:
    """The operations of one provider."""
    for provider in _described(call):
        if provider["name"].lower() == call["namespace"].lower():
            return Answer(provider)
    raise ArmError(404, "ProviderNotFound", f"Provider '{call['namespace']}' not found.")


def _described(call: Call) -> list[dict[str, Any]]:
    providers = groupby(_actions(call), key=lambda action: action.partition("/")[0])
    return [_provider(namespace, list(actions)) for namespace, actions in providers]


def _actions(call: Call) -> list[str]:
    """Return the actions of all routes, as used in roles."""
    from mlflow_azure.emulator.arm import provider_endpoints  # which include this module's

    found = set()
    for each in provider_endpoints():
        asked = Call(call.world, each.method, each.template, {}, {}, {}, call.base_url, each.handler)
        if "{namespace}" not in each.template and not each.template.startswith("/providers/"):
            found.add(access.action_of(asked))
    return sorted(found)


def _provider(namespace: str, actions: list[str]) -> dict[str, Any]:
    types = groupby(sorted(actions, key=_type_of), key=_type_of)
    return {
        "id": f"{_ALL}/{namespace}",
        "name": namespace,
        "type": _TYPE,
        "displayName": namespace,
        "resourceTypes": [
            {"name": name, "displayName": name, "operations": [_operation(action) for action in of_type]}
            for name, of_type in types
        ],
        "operations": [],
    }


def _type_of(action: str) -> str:
    """Return the subject of an action: everything between namespace and verb, and the name of a called action."""
    below = action.split("/")[1:-1]
    return "/".join(below[:-1] if action.endswith("/action") and len(below) > 1 else below)


def _operation(action: str) -> dict[str, Any]:
    told = dict.fromkeys(("displayName", "description", "properties"))
    return {"name": action, **told, "origin": "user,system", "isDataAction": False}
