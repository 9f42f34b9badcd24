"""Resource groups, and the lists of resources across them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.access import action_of, sees
from mlflow_azure.emulator.arm.arm_errors import ArmError, group_not_found, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import remove_resources
from mlflow_azure.emulator.arm.providers import newest_api_version
from mlflow_azure.emulator.arm.regions import require_region

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/resources/resource-groups")

_GROUPS = "/subscriptions/{subscription}/resourceGroups"
_GROUP = _GROUPS + "/{group}"
_TYPE = "Microsoft.Resources/resourceGroups"
_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")
_FILTER = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)
# Fields in the list of all resources; the rest needs a GET of the resource itself.
_LISTED = ("id", "name", "type", "kind", "location", "tags", "sku", "identity", "managedBy", "systemData")


@endpoints.on("PUT", _GROUP)
async def put_group(call: Call) -> Answer:
    """Create or update a group. Tags are replaced."""
    existing = _find(call)
    location = _location(call, existing)
    if not _NAME.fullmatch(call["group"]):
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{call['group']}' has these invalid characters or ends with a "
            "period. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
        )
    body: Body = {"id": call.id, "name": call["group"], "type": _TYPE, "location": location}
    body |= {name: call.body[name] for name in ("tags", "managedBy") if call.body.get(name) is not None}
    body["properties"] = {"provisioningState": "Succeeded"}
    return Answer(call.world.resources.put(body), 200 if existing else 201)


@endpoints.on("PATCH", _GROUP)
async def patch_group(call: Call) -> Answer:
    """Replace the tags of a group."""
    group = _require(call)
    if "tags" in call.body:
        group["tags"] = call.body["tags"]
    return Answer(group)


@endpoints.on("GET", _GROUP)
async def get_group(call: Call) -> Answer:
    """One group."""
    return Answer(_require(call))


@endpoints.on("HEAD", _GROUP)
async def head_group(call: Call) -> Answer:
    """Whether a group exists: 204 or 404, without a body."""
    return Answer(status=204 if _find(call) else 404)


@endpoints.on("DELETE", _GROUP, lacks="locks")
async def delete_group(call: Call) -> Answer:
    """Begin to delete a group with everything in it."""
    group = _require(call)
    group["properties"]["provisioningState"] = "Deleting"
    operation = await call.begin(call.id, "delete group")
    location = call.link(f"/subscriptions/{call['subscription']}/operationresults/{operation.id}")
    return Answer(status=202, headers={"Location": location, **operation.retry_headers()})


@endpoints.on("POST", _GROUP + "/exportTemplate", lacks="properties of the resources, and parameters")
async def export_template(call: Call) -> Answer:
    """A template of the resources of a group, without their properties."""
    group = _require(call)
    named = {str(each).lower() for each in call.body.get("resources") or []}
    listed = [body for body in call.world.resources.below(group["id"]) if _is_listed(body)]
    resources = [_exported(body) for body in listed if named & {"*", body["id"].lower()}]
    return Answer(
        {
            "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {},
                "variables": {},
                "resources": resources,
            }
        }
    )


@endpoints.on("GET", "/subscriptions/{subscription}/operationresults/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of a group's deletion: 202 until it is done."""
    operation = await call.world.operations.poll(call["operation"])
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
    if operation.failure:
        raise ArmError(409, *operation.failure)
    if operation.done:
        return Answer()
    headers = {"Location": call.link(call.path), **operation.retry_headers()}
    return Answer(status=202, headers=headers)


@endpoints.on("GET", _GROUPS)
async def list_groups(call: Call) -> Answer:
    """The groups of a subscription, optionally with a tag given by `$filter`."""
    groups = call.world.resources.of_type(_TYPE, f"/subscriptions/{call['subscription']}")
    visible = (group for group in groups if sees(call.world, group["id"], action_of(call)))
    return Answer({"value": [group for group in visible if _selected(group, call)]})


@endpoints.on(
    "GET",
    "/subscriptions/{subscription}/resources",
    lacks="`$expand`, `$top`, paging, and filters other than `eq`",
)
async def list_resources(call: Call) -> Answer:
    """The resources of a subscription, narrowed by `$filter`."""
    return _list(call, f"/subscriptions/{call['subscription']}")


@endpoints.on("GET", _GROUP + "/resources", lacks="`$expand`, `$top`, paging, and filters other than `eq`")
async def list_group_resources(call: Call) -> Answer:
    """The resources of a group, narrowed by `$filter`."""
    return _list(call, _require(call)["id"])


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def deleted(group_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        group = world.resources.find(group_id)
        if succeeded:
            await remove_resources(world, group_id)
        elif group:
            group["properties"]["provisioningState"] = "Succeeded"

    world.operations.register("delete group", deleted)


def _find(call: Call) -> Body | None:
    return call.world.group(call["subscription"], call["group"])


def _require(call: Call) -> Body:
    group = _find(call)
    if group is None:
        raise group_not_found(call["group"])
    return group


def _location(call: Call, existing: Body | None) -> str:
    if "location" not in call.body:
        raise invalid_content("the 'location' property is required.")
    location = require_region(_TYPE, call.body["location"])
    if existing and existing["location"] != location:
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{existing['location']}'.",
        )
    return location


def _list(call: Call, under: str) -> Answer:
    below = (body for body in call.world.resources.below(under) if _is_listed(body))
    visible = (body for body in below if sees(call.world, body["id"], action_of(call)))
    found = [body for body in visible if _selected(body, call)]
    return Answer({"value": [_listed(body) for body in found]})


def _listed(body: Body) -> Body:
    """Return a resource in a list, where all services spell identity types the same; recorded in 2023."""
    described: Body = {key: body[key] for key in _LISTED if key in body} | _full_name(body)
    if "identity" in described:
        kinds = described["identity"]["type"].split(", ")
        spelled = ", ".join(kind[0].upper() + kind[1:] for kind in kinds)
        described["identity"] = {**described["identity"], "type": spelled}
    return described


def _exported(body: Body) -> Body:
    described: Body = {key: body[key] for key in ("kind", "location", "tags", "sku") if key in body}
    return {"type": body["type"], "apiVersion": newest_api_version(), **_full_name(body), **described}


def _full_name(body: Body) -> Body:
    """Return the name in the list, including its parents' names: "registry/webhook"."""
    return {"name": "/".join(body["id"].rpartition("/providers/")[2].split("/")[2::2])}


def _is_listed(body: Body) -> bool:
    """Whether the list of resources contains it: groups and nested proxy resources are omitted."""
    return body["type"] != _TYPE and "location" in body


def _selected(body: Body, call: Call) -> bool:
    conditions = {name.lower(): value for name, value in _FILTER.findall(call.query.get("$filter", ""))}
    group = body["id"].split("/")[4] if body["id"].count("/") > 3 else ""  # noqa: PLR2004 - /subscriptions/S/resourceGroups/G
    tags: dict[str, Any] = body.get("tags") or {}
    actual = {"resourcetype": body["type"], "name": body["name"], "resourcegroup": group}
    actual["location"] = body["location"]
    tag, value = conditions.pop("tagname", None), conditions.pop("tagvalue", None)
    if tag is not None and (tag not in tags or value not in (None, tags[tag])):
        return False
    return all(actual.get(name, "").lower() == wanted.lower() for name, wanted in conditions.items())
