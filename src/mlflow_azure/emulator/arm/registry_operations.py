"""The state of the long-running operations of registries and their replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.operations import Operation


async def status(call: Call, kind: str, ongoing: Mapping[str, str]) -> Answer:
    """Return the state of an operation on a `kind` ("registries"); `ongoing` is the state before its end, by effect."""
    operation = await call.world.operations.poll(call["operation"].removeprefix(f"{kind}-"))
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
    if operation.failure:
        code, message = operation.failure
        return Answer({"status": "Failed", "error": {"code": code, "message": message}})
    state = "Succeeded" if operation.done else ongoing[operation.effect]
    return Answer({"status": state}, headers=headers(call, kind, operation))


def headers(call: Call, kind: str, operation: Operation) -> dict[str, str]:
    """Return the headers that say where to poll an operation, and when."""
    resource = call.id.partition("/operationStatuses/")[0]
    link = call.link(f"{resource}/operationStatuses/{kind}-{operation.id}")
    return {"Azure-AsyncOperation": link, **operation.retry_headers()}
