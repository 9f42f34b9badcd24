"""Microsoft.Network: the long-running operations that write and delete all of its resources here.

Their protocol: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations")

PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Network"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network"
_DNS_STATUS, _DNS_RESULT = "/privateDnsOperationStatuses/", "/privateDnsOperationResults/"
_WRITE, _DELETE = "write network resource", "delete network resource"


async def written(call: Call, resource: Body, status: int, state: str = "Updating") -> Answer:
    """Begin to write a resource, which shows this until it is done."""
    resource["properties"]["provisioningState"] = state
    call.world.resources.put(resource)
    answer = copy.deepcopy(resource)
    return Answer(answer, status, await _begun(call, resource["id"], _WRITE))


async def accepted(call: Call, resource: Body, body: Body | None) -> Answer:
    """Begin to write a resource that the response, with `body`, does not show yet."""
    headers = (await written(call, resource, 202)).headers
    return Answer(body, 202, {**headers, "Location": _result(headers["Azure-AsyncOperation"])})


async def deleted(call: Call, resource: Body) -> Answer:
    """Begin to delete a resource."""
    resource["properties"]["provisioningState"] = "Deleting"
    headers = await _begun(call, resource["id"], _DELETE)
    return Answer(None, 202, {**headers, "Location": _result(headers["Azure-AsyncOperation"])})


async def settled(call: Call, resource_id: str) -> Body:
    """Return a resource after all operations that have ended by now. Raises ArmError if there is none."""
    await call.world.operations.settle(resource_id)
    resource = call.world.resources.find(resource_id)
    if resource is None:
        raise call.not_found()
    return resource


@endpoints.on("GET", GROUP + "/privateDnsOperationStatuses/{operation}")
@endpoints.on("GET", PROVIDER + "/locations/{location}/operations/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of an operation; one of private DNS, which belongs to no region, with 202 until it is done.

    Recorded in 2023 to 2026, versions 2018-09-01 and 2024-06-01.
    """
    operation = await call.world.operations.poll(call["operation"])
    if operation is None:
        raise _unknown(call)
    if operation.failure:
        code, message = operation.failure
        return Answer({"status": "Failed", "error": {"code": code, "message": message}})
    if operation.done:
        return Answer({"status": "Succeeded"})
    headers = operation.retry_headers()
    if "/locations/" in call.path:
        return Answer({"status": "InProgress"}, headers=headers)
    headers |= {"Azure-AsyncOperation": call.link(call.path), "Location": _result(call.link(call.path))}
    return Answer({"status": "InProgress"}, 202, headers)


@endpoints.on("GET", GROUP + "/privateDnsOperationResults/{operation}")
@endpoints.on("GET", PROVIDER + "/locations/{location}/operationResults/{operation}")
async def get_operation_result(call: Call) -> Answer:
    """The result of a deletion: 202 until it is done. Recorded in 2023 to 2025, versions 2022-01-01 and 2024-01-01."""
    operation = await call.world.operations.poll(call["operation"])
    if operation is None:
        raise _unknown(call)
    status = call.path.replace("/operationResults/", "/operations/").replace(_DNS_RESULT, _DNS_STATUS)
    headers = {"Location": call.link(call.path), "Azure-AsyncOperation": call.link(status)}
    return Answer(None, 204, headers) if operation.done else Answer(None, 202, {**headers, **operation.retry_headers()})


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def was_written(resource_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if resource := world.resources.find(resource_id):
            resource["properties"]["provisioningState"] = "Succeeded" if succeeded else "Failed"

    async def was_deleted(resource_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if succeeded:
            world.resources.remove(resource_id)
        else:
            await was_written(resource_id, succeeded=True)

    world.operations.register(_WRITE, was_written)
    world.operations.register(_DELETE, was_deleted)


async def _begun(call: Call, resource_id: str, effect: str) -> dict[str, str]:
    of_dns = "/privateDnsZones/" in resource_id
    # The first poll found 42 of 45 deletions and 308 of 328 writes of a subnet done: recorded in 2023 to 2026.
    quick = not of_dns and (call.method == "DELETE" or "subnet" in call.params)
    operation = await call.begin(resource_id, effect, polled=not quick)
    if of_dns:
        path = GROUP.format_map(call.params) + _DNS_STATUS + operation.id
    else:
        resource = call.world.resources.find(resource_id) or {}
        path = PROVIDER.format_map(call.params) + f"/locations/{resource.get('location')}/operations/{operation.id}"
    return {"Azure-AsyncOperation": call.link(path), **operation.retry_headers()}


def _result(status: str) -> str:
    return status.replace("/operations/", "/operationResults/").replace(_DNS_STATUS, _DNS_RESULT)


def _unknown(call: Call) -> ArmError:
    return ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
