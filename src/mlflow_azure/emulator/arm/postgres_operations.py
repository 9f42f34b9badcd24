"""Microsoft.DBforPostgreSQL: its long-running operations, and reasons to refuse a write.

Every write is answered with 202 and the same two URLs: recorded in 2026 with api-version 2026-01-01-preview
(github.com/Azure/azure-cli, command_modules/postgresql/tests/latest/recordings).
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.regions import region_name

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.operations import Operation

endpoints = Endpoints("https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations")

PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL"
SERVERS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
SERVER = SERVERS + "/{server}"
SERVER_TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"
_REFUSED = "refuse postgres operation"
# The URLs contain the operation's start in .NET ticks: 100 ns since year 1.
_TICKS_A_SECOND, _TICKS_TO_1970 = 10_000_000, 621_355_968_000_000_000


async def accepted(call: Call, server: Body, name: str, effect: str) -> Answer:
    """Begin the operation `name` on a server, with the named effect at its end; return the response."""
    operation = await call.begin(server["id"], effect)
    return _accepted(call, server["location"], name, operation)


async def refused(call: Call, location: str, name: str, code: str, message: str) -> Answer:
    """Accept a request whose operation fails at once, for errors that the service finds only after its response."""
    call.began = True
    timing = replace(call.world.latency.timing(call.method, call.type), operation=0.0)
    operation = await call.world.operations.start(call.id, _REFUSED, timing, 0, (code, message))
    return _accepted(call, location, name, operation)


@endpoints.on("GET", PROVIDER + "/locations/{location}/azureAsyncOperation/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of an operation."""
    operation = await _polled(call)
    state = "InProgress" if not operation.done else "Failed" if operation.failure else "Succeeded"
    body: dict[str, Any] = {"name": operation.id, "status": state, "startTime": _moment(call.query.get("t", "0"))}
    if operation.done and operation.failure:
        body["error"] = dict(zip(("code", "message"), operation.failure, strict=True))
    return Answer(body, headers=operation.retry_headers())


@endpoints.on("GET", PROVIDER + "/locations/{location}/operationResults/{operation}")
async def get_operation_result(call: Call) -> Answer:
    """The result of an operation: 202 until its end, then the server, or nothing if it is gone."""
    operation = await _polled(call)
    if not operation.done:
        return Answer(status=202, headers={"Location": call.link(call.path), **operation.retry_headers()})
    if operation.failure:
        raise ArmError(409, *operation.failure)
    server = call.world.resources.find(operation.resource)
    return Answer(server) if server else Answer()


async def settled(call: Call) -> Body:
    """Return the server of a request, or of its part, after all operations that have ended by now."""
    parts = call.id.split("/")
    server_id = "/".join(parts[:9])
    await call.world.operations.settle(server_id)
    server = call.world.resources.find(server_id)
    if server is None:
        raise call.not_found()
    return server


def require_ready(world: World, server: Body, *states: str) -> None:
    """Refuse a write while another one is in progress, or (`server_busy`) shortly after the creation.

    `states` are the states other than Ready in which it is allowed.

    Raises:
        ArmError: It is. The words, and that it lasts beyond the creation: github.com/Azure/azure-postgresql/issues/134.

    """
    if server["properties"]["state"] in ("Ready", *states) and not world.quirks.strikes("server_busy", server["id"]):
        return
    raise ArmError(
        409,
        "ServerIsBusy",
        f"Cannot complete operation while server '{server['name']}' is busy processing another operation. Try again "
        "later.",
    )


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def nothing(_server_id: str, _succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        """Do nothing: a refused request has changed nothing."""

    world.operations.register(_REFUSED, nothing)


async def _polled(call: Call) -> Operation:
    operation = await call.world.operations.poll(call["operation"])
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
    return operation


def _accepted(call: Call, location: str, name: str, operation: Operation) -> Answer:
    ticks = str(int(time.time() * _TICKS_A_SECOND) + _TICKS_TO_1970)
    base = PROVIDER.format_map(call.params) + f"/locations/{region_name(location)}"
    headers = {
        "Azure-AsyncOperation": call.link(f"{base}/azureAsyncOperation/{operation.id}?t={ticks}"),
        "Location": call.link(f"{base}/operationResults/{operation.id}?t={ticks}"),
        **operation.retry_headers(),
    }
    return Answer({"operation": name, "startTime": _moment(ticks)}, 202, headers)


def _moment(ticks: str) -> str:
    seconds = (int(ticks) - _TICKS_TO_1970) / _TICKS_A_SECOND if ticks.isdecimal() else 0.0
    return datetime.fromtimestamp(max(seconds, 0.0), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
