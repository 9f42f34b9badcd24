"""Microsoft.ContainerRegistry: the replications of a registry. They are stored, but nothing is replicated.

Seen in recordings of Azure: of 2023 and 2024, api-versions 2022-02-01-preview and 2023-11-01-preview (azure-cli, module
acr), and of 2025, 2023-07-01 (azure-service-operator).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm import registry_operations
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.registries import REGISTRY, REGISTRY_TYPE
from mlflow_azure.emulator.arm.system_data import system_data

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/containerregistry/replications")

_REPLICATIONS = REGISTRY + "/replications"
_REPLICATION = _REPLICATIONS + "/{replication}"
_TYPE = f"{REGISTRY_TYPE}/replications"
_ONGOING = {"create replication": "Creating", "update replication": "Updating"}


@endpoints.on("PUT", _REPLICATION, lacks="the restriction to Premium registries; images are not replicated")
async def put_replication(call: Call) -> Answer:
    """Replicate a registry to a region (long-running), or update a replication. The first adds the home region."""
    existing = call.world.resources.find(call.id)
    if existing:
        return Answer(_write(call, existing, existing["properties"]["provisioningState"]))
    replication = _write(call, None, "Creating")
    return await _begun(call, replication, "create replication")


@endpoints.on("PATCH", _REPLICATION)
async def patch_replication(call: Call) -> Answer:
    """Update the given properties of a replication (long-running)."""
    return await _begun(call, _write(call, call.resource(), "Updating"), "update replication")


@endpoints.on("GET", _REPLICATION)
async def get_replication(call: Call) -> Answer:
    """One replication."""
    return Answer(call.resource())


@endpoints.on("GET", _REPLICATIONS)
async def list_replications(call: Call) -> Answer:
    """The replications of a registry."""
    return Answer({"value": call.world.resources.of_type(_TYPE, call.id)})


@endpoints.on("DELETE", _REPLICATION)
async def delete_replication(call: Call) -> Answer:
    """Delete a replication (long-running)."""
    replication = call.world.resources.find(call.id)
    if replication is None:
        return Answer(status=204)
    operation = await call.begin(call.id, "delete replication")
    results = f"/subscriptions/{call['subscription']}/providers/Microsoft.ContainerRegistry/locations"
    location = call.link(f"{results}/{replication['location']}/operationResults/replications-{operation.id}")
    return Answer(None, 202, {"Location": location, **operation.retry_headers()})


@endpoints.on("GET", _REPLICATION + "/operationStatuses/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of a replication's creation or update."""
    return await registry_operations.status(call, "replications", _ONGOING)


def register_effects(world: World) -> None:
    """Register the effects of long-running operations."""

    async def written(replication_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if replication := world.resources.find(replication_id):
            replication["properties"]["provisioningState"] = "Succeeded" if succeeded else "Failed"
            replication["properties"]["status"] = _status("Ready" if succeeded else "Failed")

    async def deleted(replication_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if succeeded:
            world.resources.remove(replication_id)

    world.operations.register("create replication", written)
    world.operations.register("update replication", written)
    world.operations.register("delete replication", deleted)


async def _begun(call: Call, replication: Body, effect: str) -> Answer:
    answer = {**replication, "properties": dict(replication["properties"])}
    operation = await call.begin(call.id, effect)
    return Answer(answer, 201, registry_operations.headers(call, "replications", operation))


def _write(call: Call, existing: Body | None, state: str) -> Body:
    live = existing["properties"] if existing else {}
    wanted = call.body.get("properties") or {}
    named = {name: wanted[name] for name in ("regionEndpointEnabled", "zoneRedundancy") if wanted.get(name) is not None}
    body = tracked(call, existing) | system_data(call, existing)
    body["properties"] = {**(live or _new()), **named, "provisioningState": state}
    registry = call.world.resources.find(REGISTRY.format_map(call.params))
    if registry and existing is None and not call.world.resources.of_type(_TYPE, registry["id"]):
        home = {**body, "name": registry["location"], "location": registry["location"], "tags": {}}
        home["id"] = f"{registry['id']}/replications/{registry['location']}"
        home["properties"] = {**_new(), "provisioningState": "Succeeded", "status": _status("Ready")}
        call.world.resources.put(home)
    return call.world.resources.put(body)


def _new() -> dict[str, Any]:
    return {"status": _status(""), "regionEndpointEnabled": True, "zoneRedundancy": "Disabled"}


def _status(displayed: str) -> dict[str, str]:
    shown = {"displayStatus": displayed} if displayed else {}
    return {**shown, "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "0Z")}
