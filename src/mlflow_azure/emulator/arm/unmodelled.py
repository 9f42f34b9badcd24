"""Requests that match no endpoint: Resource Manager's own responses, whatever the provider."""

from __future__ import annotations

import re

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call

_SCOPE = re.compile(r"/subscriptions/(?P<subscription>[^/]+)(/resourceGroups/(?P<group>[^/]+)(?=/))?", re.IGNORECASE)
_HEAD = ("/subscriptions/{subscription}", "/resourceGroups/{group}")
_TOP_LEVEL = 2  # segments of "type/name"


def scope_of(path: str) -> tuple[dict[str, str], str]:
    """Return the parameters in a path, its subscription and group, and its template."""
    path = path.rstrip("/")
    found = _SCOPE.match(path)
    named = {name: value for name, value in found.groupdict().items() if value} if found else {}
    rest = path[found.end() :] if found else path
    return named, "".join(_HEAD[: len(named)]) + rest.replace("{", "{{").replace("}", "}}")


async def answer(call: Call) -> Answer:
    """Return that the resource does not exist, if none can; otherwise that the operation is not emulated.

    HEAD asks whether a resource exists, and deleting a missing one is not an error:
    https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/resource-api-reference.md

    Raises:
        ArmError: As described.

    """
    exists = call.world.resources.find(call.id) is not None
    if call.method == "HEAD" and not call.is_collection:
        return Answer(status=204 if exists else 404)
    if _is_top_level(call) and not exists:
        if call.method == "DELETE":
            return Answer(status=204)
        if call.method == "GET":
            raise call.not_found()
    raise ArmError(501, "NotImplemented", f"The emulator does not know {call.method} {call.path}.")


def _is_top_level(call: Call) -> bool:
    """Whether the request is for a resource that has to be created first."""
    _, found, asked = call.path.rpartition("/providers/")
    return bool(found) and "group" in call.params and len(asked.split("/")[1:]) == _TOP_LEVEL
