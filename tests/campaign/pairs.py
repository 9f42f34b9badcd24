"""Two commands at once, in all pairs: one runs from start to end within the other, after one of its requests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.campaign import harms, invariants
from tests.campaign.content import held
from tests.campaign.operations import DEPLOY, DESTROY, OPERATIONS, Operation
from tests.campaign.stage import JSON, StageError
from tests.campaign.trial import MOST_RUNS, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.campaign.operations import Step
    from tests.campaign.stage import Stage

HARM = "another command within"
_PATIENCE = ("--timeout", "180")
"""A web app that both have changed, so that it does not start, would be waited for during 15 minutes."""
_OPPOSITES = ("auth enable", "auth disable"), ("cd enable", "cd disable"), ("identity on", "identity off")
_ALL = {each.name: each for each in OPERATIONS}
_ALL["destroy"] = replace(_ALL["destroy"], line=(*DESTROY, "--delete-database"))  # an upgrade makes one
_ALL["backup"] = replace(_ALL["backup"], line=("backup", "another"))  # there is one before a restore
_CHANGING = [name for pair in _OPPOSITES for name in pair] + ["rotate-keys", "deploy with more workers"]
_STORED = ["backup", "restore", "upgrade"]
_NAMES = [
    *product(_CHANGING, _CHANGING),
    *product(["destroy"], ["destroy", *_CHANGING]),
    *product(_CHANGING, ["destroy"]),
    *product(_STORED, [*_STORED, "deploy with more workers", "rotate-keys", "destroy"]),
    *product(["deploy with more workers", "rotate-keys", "destroy"], _STORED),
]
PAIRS = [(_ALL[one], _ALL[other]) for one, other in _NAMES]
_NOTHING_TO_DO = frozenset({"NotDeployed", "NothingToDo"})
"""Codes of commands that can come to no other end: after a destroy, or in another version of MLflow."""


def start_of(one: Operation, other: Operation) -> tuple[Step, ...]:
    """What leads to a state from which both can be run."""
    return tuple(dict.fromkeys((*one.before, *other.before)))


@dataclass
class PairTrial:
    """One command, and another that comes within it.

    Attributes:
        sent: The requests of the first, undisturbed.
        orders: Where both lead, one after the other; known where each undoes what the other does.

    """

    stage: Stage
    one: Operation
    other: Operation
    sent: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of both."""
        return f"{self.one.name} / {self.other.name}"

    def rehearse(self) -> None:
        """Run the first of them undisturbed, and where it matters both in either order."""
        self.stage.put_back()
        self.sent = self.stage.rehearse(self.one.line)
        if self._ordered:
            self.orders = [self._in_turn(self.one, self.other), self._in_turn(self.other, self.one)]

    def _in_turn(self, *operations: Operation) -> dict[str, Any]:
        """Where they lead, one after the other."""
        self.stage.put_back()
        for each in operations:
            self._finish(each)
        return self._state()

    def _state(self) -> dict[str, Any]:
        return invariants.end_state(self.stage, held(self.stage) if self.stores else {})

    def _finish(self, operation: Operation) -> None:
        """Run it until it is done, or refused."""
        for _ in range(MOST_RUNS):
            result = self.stage.run(operation.line)
            if result.exit_code in (0, 2) or result.errors[0]["code"] in _NOTHING_TO_DO:
                return
        raise StageError(f"{operation.name} was not finished in {MOST_RUNS} runs: {result.stderr[-300:]}")

    def case(self, at: int) -> Case | None:
        """Let the other come after a request, and see whether both say what is true; None where that is not sent."""
        self.stage.put_back()
        faults: list[str] = []
        survived = False
        try:
            running = self.stage.cli.paused(*self.one.line, *_PATIENCE, *JSON, at=harms.at(self.sent, at))
            if not running.wait():
                running.result()
                return None
            within = self.stage.run((*self.other.line, *_PATIENCE))
            around = running.result()
            survived = (around.exit_code, within.exit_code) == (0, 0)
            for result in (around, within):
                faults += invariants.answered_well(result)
                faults += invariants.tells_no_secret(self.stage, result)
            faults += invariants.leaves_others_alone(self.stage)
            faults += [] if self._destroys else invariants.keeps_own_setting(self.stage)
            if survived:
                faults += self._as_in_turn() if self._ordered else self._nothing_left(self.one, self.other)
            failed = [each for each, ended in ((self.other, within), (self.one, around)) if ended.exit_code]
            faults += self._converges(failed)
        except StageError as error:
            faults.append(str(error))
        return Case(self.name, HARM, at, len(self.sent), survived, tuple(faults))

    @property
    def _opposite(self) -> bool:
        """Whether each undoes what the other does: a deploy sets all that it sets."""
        names = {self.one.name, self.other.name}
        return any(names == set(pair) for pair in _OPPOSITES) or self.one.line[0] == self.other.line[0] == "deploy"

    @property
    def stores(self) -> bool:
        """Whether what is stored is part of the state."""
        return self.one.stores or self.other.stores

    @property
    def _destroys(self) -> bool:
        return _ALL["destroy"] in (self.one, self.other)

    @property
    def _ordered(self) -> bool:
        """Whether the end is compared with that of both in either order."""
        return self._opposite or self._destroys or self.stores

    def _as_in_turn(self) -> Iterator[str]:
        """What is there is what one of them leaves after the other."""
        found = self._state()
        if found not in self.orders:
            ways = (list(invariants.differing(wanted, found)) for wanted in self.orders)
            yield f"it is as after neither of both: {min(ways, key=len)}"

    def _nothing_left(self, *operations: Operation) -> Iterator[str]:
        """Of a command that said that all is done, a further run writes nothing."""
        for each in operations:
            if not each.further:
                self.stage.emulator.forget_requests()
                self.stage.must(each.line)
                written = (write for write in self.stage.emulator.writes if not write.endswith("/ping"))
                yield from (f"a further {each.name} wrote {write}" for write in written)

    def _converges(self, failed: list[Operation]) -> Iterator[str]:
        """One after the other, both come to an end, and find nothing to do, if that was not seen already."""
        if self._destroys:
            yield from self._is_gone_and_comes_back()
        elif self.stores:
            for each in failed:
                self._finish(each)
            if failed:
                yield from self._as_in_turn()
        elif failed or self._opposite:
            for each in (self.other, self.one):
                self._finish(each)
            yield from self._nothing_left(*([self.one] if self._opposite else [self.one, self.other]))
        opens = self.one.opens_scm or self.other.opens_scm
        yield from invariants.protects(self.stage, replace(self.one, opens_scm=opens, keeps_sign_in=False))
        yield from invariants.serves(self.stage)

    def _is_gone_and_comes_back(self) -> Iterator[str]:
        """After a further destroy nothing is left, and a deploy after it comes to an end."""
        self._finish(_ALL["destroy"])
        yield from (f"a further destroy left {each}" for each in invariants.end_state(self.stage, {}))
        deploy = Operation("deploy", DEPLOY)
        self._finish(deploy)
        yield from self._nothing_left(deploy)
