"""Long-running operations: one state machine for all services.

An operation runs until its time and its number of polls have passed; then its effect happens, or it
fails. It is stored in the state, and continues after a restart.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow_azure.emulator.latency import Timing

# The effect on a resource (its id) when its operation has succeeded (or not). It is looked up by name, because an
# operation outlives the process.
Effect = Callable[[str, bool], Awaitable[None]]

_KEPT_SECONDS = 24 * 3600


@dataclass
class Operation:
    """One operation.

    Attributes:
        resource: Id of its resource.
        effect: Name of the effect at its end.
        until: Earliest Unix time of its end.
        reads: Remaining polls that return "not yet".
        poll: Requested seconds between two polls.
        failure: Code and message if it ends in Failed.

    """

    id: str
    resource: str
    effect: str
    until: float
    reads: int
    poll: float
    failure: tuple[str, str] | None = None
    status: str = "Running"

    @property
    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self.status != "Running"

    def retry_headers(self) -> dict[str, str]:
        """When to poll next.

        azure-core prefers `Retry-After`, in whole seconds, and waits its own 30 seconds for zero:
        a scaled value such as 1.7 has to be sent as `retry-after-ms`.
        """
        if self.poll >= 1 and self.poll == round(self.poll):
            return {"Retry-After": str(round(self.poll))}
        return {"retry-after-ms": str(max(1, round(self.poll * 1000)))}


class Operations:
    """The operations of one emulator."""

    def __init__(self, saved: dict[str, Any]) -> None:
        self._saved = saved
        self._effects: dict[str, Effect] = {}
        self._advancing = asyncio.Lock()

    def register(self, name: str, effect: Effect) -> None:
        """Register the effect called `name` on a resource id."""
        self._effects[name] = effect

    async def start(
        self, resource: str, effect: str, timing: Timing, reads: int, failure: tuple[str, str] | None
    ) -> Operation:
        """Begin an operation. Without time or polls to wait for, it ends immediately."""
        self._forget()
        operation = Operation(
            str(uuid.uuid4()), resource, effect, time.time() + timing.operation, reads, timing.poll, failure
        )
        return await self._advance(operation)

    async def poll(self, operation_id: str) -> Operation | None:
        """Return the operation as a polling client sees it; None if there is no such operation."""
        saved = self._saved.get(operation_id)
        if saved is None:
            return None
        operation = Operation(**saved)
        if operation.done:
            return operation
        advanced = await self._advance(operation)
        if not advanced.done:
            advanced.reads -= 1
            self._saved[operation_id] = asdict(advanced)
        return advanced

    async def settle(self, resource: str) -> None:
        """End due operations on `resource`, so that a reader of the resource sees the result too."""
        for saved in list(self._saved.values()):
            operation = Operation(**saved)
            if operation.resource == resource and not operation.done:
                await self._advance(operation)

    def _forget(self) -> None:
        """Remove operations that ended long ago: nobody polls them any more."""
        old = [key for key, each in self._saved.items() if each["until"] < time.time() - _KEPT_SECONDS]
        for key in old:
            if self._saved[key]["status"] != "Running":
                del self._saved[key]

    async def _advance(self, operation: Operation) -> Operation:
        async with self._advancing:
            if operation.reads <= 0 and time.time() >= operation.until:
                operation.status = "Failed" if operation.failure else "Succeeded"
                await self._effects[operation.effect](operation.resource, operation.failure is None)
            self._saved[operation.id] = asdict(operation)
        return operation
