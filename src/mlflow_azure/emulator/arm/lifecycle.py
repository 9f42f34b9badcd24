"""Common to all tracked resources: location, tags, and clean-up on deletion."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.identity_principals import remove_principals
from mlflow_azure.emulator.arm.regions import require_region
from mlflow_azure.emulator.runtime import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World


def tracked(call: Call, existing: Body | None) -> Body:
    """Return the common fields of a tracked resource from request and live one: id, name, type, location and tags.

    Raises:
        ArmError: There is no such region, or the resource is in another one.

    """
    name = call.id.rpartition("/")[2]
    if "location" not in call.body and existing is None:
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    location = require_region(call.type, call.body.get("location") or existing_location(existing))
    if existing and existing_location(existing) != location:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{name}' already exists in location '{existing_location(existing)}' in resource group "
            f"'{call['group']}'. A resource with the same name cannot be created in location '{location}'. Please "
            "select a new resource name.",
        )
    kept = existing["tags"] if existing and call.method == "PATCH" else {}
    tags = call.body.get("tags") or ({} if "tags" in call.body else kept)
    if not all(isinstance(value, str) for value in tags.values()):
        raise invalid_content("the values of 'tags' have to be strings.")
    return {"id": call.id, "name": name, "type": call.type, "location": location, "tags": tags}


def existing_location(existing: Body | None) -> str:
    """Return the region of a live resource, in the spelling of requests."""
    return existing["location"].replace(" ", "").lower() if existing else ""


@contextmanager
def undone_on_failure(call: Call) -> Iterator[None]:
    """Remove the new resource of a request if the runtime cannot serve it, so that a retry starts over."""
    try:
        yield
    except RuntimeFaultError:
        call.world.resources.remove(call.id)
        raise


async def remove_resources(world: World, resource_id: str) -> None:
    """Remove a resource, everything below it, and their runtime parts."""
    doomed = world.resources.below(resource_id)
    own = world.resources.find(resource_id)
    for body in [*doomed, own] if own else doomed:
        await _tear_down(world, body)
    world.resources.remove(resource_id)


async def _tear_down(world: World, body: Body) -> None:
    name = body["name"]
    remove_principals(world, body)
    if body["type"] == "Microsoft.Web/sites":
        await world.runtime.sites.remove(name)
        world.ports.release(f"site/{name}")
        world.ports.release(f"scm/{name}")
    elif body["type"] == "Microsoft.Storage/storageAccounts":
        await world.runtime.blobs.remove(name)
        await world.runtime.files.remove(name)
        world.runtime.shares.remove(name, None)
        world.ports.release(f"blob/{name}")
        world.ports.release(f"file/{name}")
    elif body["type"] == "Microsoft.DBforPostgreSQL/flexibleServers":
        if body["properties"]["state"] != "Provisioning":
            world.quirks.begin("server_name_held", name)
        await world.runtime.databases.remove(name)
        world.ports.release(f"postgres/{name}")
    elif body["type"] == "Microsoft.ContainerRegistry/registries":
        for run in world.resources.below(body["id"]):
            await world.background.cancel(run["id"])
        await world.runtime.registry.remove(name)
        world.task_blobs.remove(name.lower())
        world.ports.release(f"registry/{name}")
