"""Microsoft.Resources: the tags of any resource, separate from the resource itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import invalid_content, resource_not_found
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/resources/tags")

_TAGS = "/{scope:path}/providers/Microsoft.Resources/tags/default"


@endpoints.on("GET", _TAGS)
async def get_tags(call: Call) -> Answer:
    """All tags of a resource."""
    return _described(call, _tagged(call))


@endpoints.on("PUT", _TAGS)
async def put_tags(call: Call) -> Answer:
    """Replace all tags of a resource."""
    tagged = _tagged(call)
    tagged["tags"] = _wanted(call)
    return _described(call, tagged)


@endpoints.on("PATCH", _TAGS)
async def patch_tags(call: Call) -> Answer:
    """Merge tags into those of a resource, replace them, or delete some of them."""
    tagged, wanted = _tagged(call), _wanted(call)
    live = tagged.get("tags") or {}
    match str(call.body.get("operation")).lower():
        case "merge":
            tagged["tags"] = live | wanted
        case "replace":
            tagged["tags"] = wanted
        case "delete":
            tagged["tags"] = {name: value for name, value in live.items() if wanted.get(name) != value}
        case _:
            raise invalid_content("'operation' has to be Merge, Replace or Delete.")
    return _described(call, tagged)


@endpoints.on("DELETE", _TAGS)
async def delete_tags(call: Call) -> Answer:
    """Delete all tags of a resource."""
    _tagged(call)["tags"] = {}
    return Answer()


def _tagged(call: Call) -> Body:
    found = call.world.resources.find(f"/{call['scope']}")
    if found is None:
        parts = call["scope"].split("/")
        raise resource_not_found("/".join(parts[-3:-1]), parts[-1], parts[3] if len(parts) > 3 else "")  # noqa: PLR2004 - subscriptions/S/resourceGroups/G
    return found


def _wanted(call: Call) -> dict[str, str]:
    wanted: Any = (call.body.get("properties") or {}).get("tags")
    if not isinstance(wanted, dict):
        raise invalid_content("'properties.tags' is required.")
    return wanted


def _described(call: Call, tagged: Body) -> Answer:
    properties = {"tags": tagged.get("tags") or {}}
    return Answer({"id": call.id, "name": "default", "type": "Microsoft.Resources/tags", "properties": properties})
