from __future__ import annotations

import asyncio
from typing import Any

from mlflow_azure.emulator.latency import Latency, Timing
from mlflow_azure.emulator.operations import Operation, Operations


class Machine:
    """Operations whose only effect is to be written down."""

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        self.ended: list[tuple[str, bool]] = []
        self.operations = Operations({} if saved is None else saved)
        self.operations.register("end", self.end)

    async def end(self, resource: str, succeeded: bool) -> None:
        self.ended.append((resource, succeeded))

    def start(self, timing: Timing, reads: int = 0, failure: tuple[str, str] | None = None) -> Operation:
        return asyncio.run(self.operations.start("/a", "end", timing, reads, failure))

    def poll(self, operation: Operation) -> Operation:
        found = asyncio.run(self.operations.poll(operation.id))
        assert found
        return found


def test_an_operation_without_a_wait_is_over_at_once() -> None:
    machine = Machine()
    assert machine.start(Timing(0)).status == "Succeeded"
    assert machine.ended == [("/a", True)]


def test_an_operation_can_take_a_number_of_polls() -> None:
    machine = Machine()
    operation = machine.start(Timing(0), reads=2)
    assert [machine.poll(operation).status for _ in range(3)] == ["Running", "Running", "Succeeded"]
    assert machine.ended == [("/a", True)]


def test_an_operation_can_take_time_however_often_it_is_polled() -> None:
    machine = Machine()
    operation = machine.start(Timing(0, operation=3600))
    assert [machine.poll(operation).status for _ in range(3)] == ["Running"] * 3
    assert not machine.ended


def test_an_operation_that_fails_tells_its_effect_so() -> None:
    machine = Machine()
    operation = machine.start(Timing(0), failure=("Boom", "It broke."))
    assert (operation.status, operation.failure) == ("Failed", ("Boom", "It broke."))
    assert machine.ended == [("/a", False)]


def test_an_operation_goes_on_in_the_next_process() -> None:
    saved: dict[str, Any] = {}
    operation = Machine(saved).start(Timing(0), reads=1)
    heir = Machine(saved)
    heir.poll(operation)
    assert heir.poll(operation).status == "Succeeded"
    assert heir.ended == [("/a", True)]


def test_who_reads_the_resource_sees_that_its_operation_is_over() -> None:
    saved: dict[str, Any] = {}
    operation = Machine(saved).start(Timing(0, operation=3600))
    saved[operation.id]["until"] = 0
    machine = Machine(saved)
    asyncio.run(machine.operations.settle("/a"))
    assert machine.ended == [("/a", True)]


def test_a_wait_below_a_second_is_asked_for_in_milliseconds() -> None:
    assert Machine().start(Timing(0, 9, poll=17)).retry_headers() == {"Retry-After": "17"}
    assert Machine().start(Timing(0, 9, poll=1.7)).retry_headers() == {"retry-after-ms": "1700"}
    assert Machine().start(Timing(0, 9, poll=0.17)).retry_headers() == {"retry-after-ms": "170"}
    assert Machine().start(Timing(0)).retry_headers() == {"retry-after-ms": "1"}


def test_the_latency_of_azure_can_be_scaled() -> None:
    latency = Latency({})
    assert latency.timing("PUT", "Microsoft.Web/sites") == Timing(0)
    latency.choose("azure", scale=2)
    assert latency.timing("PUT", "Microsoft.Storage/storageAccounts") == Timing(6, operation=30, poll=34)
    assert latency.timing("GET", "Microsoft.Web/sites").answer < latency.timing("PUT", "Microsoft.Web/sites").answer
