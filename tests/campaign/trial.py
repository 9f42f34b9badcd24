"""One operation, disturbed in one way at one request after another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.campaign import invariants
from tests.campaign.harms import STORAGE, Faulty
from tests.campaign.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.campaign.harms import Harm
    from tests.campaign.operations import Operation
    from tests.campaign.stage import Stage
    from tests.support.command import Result

MOST_RUNS = 4
LESS = re.compile(r"Continuing with|was kept: you are not allowed")
"""What a command says that does less, as documented, since Azure refused something; the next one tries it again."""


@dataclass(frozen=True)
class Case:
    """What came of one.

    Attributes:
        operation: The operation's name.
        harm: The harm's.
        at: The number of the request.
        of: How many requests an undisturbed run sends.
        survived: Whether the disturbed command was done all the same.
        faults: What did not hold; empty for a case that survived or converged.

    """

    operation: str
    harm: str
    at: int
    of: int
    survived: bool
    faults: tuple[str, ...]


@dataclass
class Trial:
    """An operation on its stage, with what an undisturbed run of it sent, and where it ended.

    Attributes:
        sent: All requests.
        failing: Those that the emulator can make fail, to Resource Manager and Microsoft Graph.
        storage: And to the storage account.

    """

    stage: Stage
    operation: Operation
    sent: list[dict[str, Any]] = field(default_factory=list)
    failing: list[dict[str, Any]] = field(default_factory=list)
    storage: list[dict[str, Any]] = field(default_factory=list)
    wanted: dict[str, Any] = field(default_factory=dict)

    def rehearse(self) -> None:
        """Run it undisturbed, from where it starts."""
        self.stage.put_back()
        self.stage.emulator.forget_requests()
        self.sent = self.stage.rehearse(self.operation.line)
        self.failing = self.stage.emulator.requests
        self.storage = [each for each in self.sent if STORAGE.match(each["path"])]
        self.wanted = self._end_state()

    def requests(self, harm: Harm) -> list[dict[str, Any]]:
        """Those at which this harm can come."""
        if not isinstance(harm, Faulty):
            return self.sent
        return self.failing if harm.fault.get("kind") == "operation-failed" else self.failing + self.storage

    def _end_state(self) -> dict[str, Any]:
        return invariants.end_state(self.stage, self.stage.stored(self.operation))

    def case(self, harm: Harm, at: int) -> Case | None:
        """Disturb it at a request, and see whether it comes to the same end; None where it did not send that one."""
        self.stage.put_back()
        requests = self.requests(harm)
        faults: list[str] = []
        survived = False
        try:
            struck = harm.strike(self.stage, self.operation.line, requests, at)
            if not harm.came(self.stage, requests, at):
                return None
            survived = struck.exit_code == 0
            faults += self._held(struck)
            faults += self._converges(struck)
        except StageError as error:
            faults.append(str(error))
        return Case(self.operation.name, harm.name, at, len(requests), survived, tuple(faults))

    def _held(self, result: Result) -> Iterator[str]:
        yield from invariants.answered_well(result)
        yield from invariants.tells_no_secret(self.stage, result)
        yield from invariants.leaves_others_alone(self.stage)
        yield from invariants.keeps_own_setting(self.stage)
        yield from invariants.protects(self.stage, self.operation)
        if self.operation.keeps_serving:
            yield from invariants.serves(self.stage)

    def _converges(self, result: Result) -> Iterator[str]:
        for _ in range(MOST_RUNS):
            if result.exit_code == 0 and not LESS.search(result.stderr):
                break
            result = self.stage.run(self.operation.line)
            yield from self._held(result)
        else:
            yield f"it was not finished in {MOST_RUNS} runs: {result.stderr[-300:]}"
            return
        yield from invariants.differing(self.wanted, self._end_state())
        yield from invariants.serves(self.stage)
        self.stage.emulator.forget_requests()
        for line in self.operation.further or (self.operation.line,):
            self.stage.must(line)
        written = (write for write in self.stage.emulator.writes if not write.endswith("/ping"))
        yield from (f"a further run wrote {write}" for write in written)
