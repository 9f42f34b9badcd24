"""Run the campaign: python -m tests.campaign. See docs/campaign.md, which it writes."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.home import Home
from tests.campaign.forked import Forked
from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import HARM as WITHIN
from tests.campaign.pairs import PAIRS, PairTrial, start_of
from tests.campaign.record import add, known, load
from tests.campaign.report import page
from tests.campaign.stage import Stage
from tests.campaign.trial import Case, Trial
from tests.support.command import isolated
from tests.support.light_servers import make_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.campaign.harms import Harm
    from tests.campaign.operations import Operation

PAGE = Path(__file__).parents[2] / "docs" / "campaign.md"


@contextmanager
def staged(*, stores: bool = False) -> Iterator[Stage]:
    """A stage, and the end of its emulator afterwards; see `make_cache` for `stores`."""
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as directory:
        command = isolated(Path(directory))
        command.environ.update(make_cache(Path(directory) / "cache", stores=stores))
        stage = Stage(Forked(command), Home(Path(command.environ["MLFLOW_AZURE_EMULATOR_HOME"])))
        try:
            yield stage
        finally:
            stage.close()


@dataclass(frozen=True)
class Wanted:
    """Which cases are run.

    Attributes:
        every: Every n-th request.
        first: Which of them comes first.
        pairs: Names of the pairs of commands; empty for all.
        known: Cases that are not run again.
        end: When no further one is begun, by the monotonic clock.

    """

    every: int
    first: int
    pairs: frozenset[str]
    known: frozenset[tuple[str, str, int]]
    end: float

    @property
    def over(self) -> bool:
        """Whether no further case is begun."""
        return time.monotonic() > self.end

    def of(self, operation: str, harm: str, number: int, requests: int) -> Iterator[int]:
        """The requests of an operation at which the harm comes; `number` moves the first of them.

        There is at least one, however few there are.
        """
        for at in range(1 + (number + self.first) % min(self.every, max(requests, 1)), requests + 1, self.every):
            if (operation, harm, at) not in self.known and not self.over:
                yield at

    def within(self, trial: Trial, harms: set[str]) -> Iterator[tuple[Harm, int]]:
        """The cases of an operation: a harm, and the request at which it comes."""
        for number, harm in enumerate(HARMS):
            if harm.name in harms:
                for at in self.of(trial.operation.name, harm.name, number, len(trial.requests(harm))):
                    yield harm, at


def cases(operations: Sequence[Operation], harms: set[str], wanted: Wanted) -> Iterator[Case]:
    """The cases of operations; those that start from the same state share a stage."""
    for start, stores in dict.fromkeys((each.before, each.stores) for each in operations):
        if harms != {WITHIN} and not wanted.over:
            with staged(stores=stores) as stage:
                stage.prepare(start)
                for operation in operations:
                    if (operation.before, operation.stores) == (start, stores) and not wanted.over:
                        yield from _disturbed(stage, operation, harms, wanted)


def _disturbed(stage: Stage, operation: Operation, harms: set[str], wanted: Wanted) -> Iterator[Case]:
    """The cases of an operation."""
    trial = Trial(stage, operation)
    trial.rehearse()
    yield from filter(None, (trial.case(harm, at) for harm, at in wanted.within(trial, harms)))


def pairs(operations: set[str], wanted: Wanted) -> Iterator[Case]:
    """Two at once, in all pairs that begin with one of these operations, at every n-th request."""
    chosen: dict[Any, list[tuple[int, Operation, Operation]]] = {}
    for number, (one, other) in enumerate(PAIRS):
        if one.name in operations and f"{one.name} / {other.name}" in (wanted.pairs or {f"{one.name} / {other.name}"}):
            chosen.setdefault((start_of(one, other), one.stores or other.stores), []).append((number, one, other))
    for (start, stores), of_start in chosen.items():
        if not wanted.over:
            with staged(stores=stores) as stage:
                stage.prepare(start)
                for each in of_start:
                    yield from _within(stage, wanted, *each)


def _within(stage: Stage, wanted: Wanted, number: int, one: Operation, other: Operation) -> Iterator[Case]:
    """The cases of a pair."""
    if not wanted.over:
        trial = PairTrial(stage, one, other)
        trial.rehearse()
        yield from filter(None, (trial.case(at) for at in wanted.of(trial.name, WITHIN, number, len(trial.sent))))


def _read(results: Path) -> list[Case]:
    return [Case(**json.loads(line)) for line in results.read_text().splitlines()]


def main() -> int:
    """Run what is asked for; 1 where a case found something."""
    asked = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    asked.add_argument("--every", type=int, default=1, help="only every n-th request")
    asked.add_argument("--first", type=int, default=0, help="with --every: which of them comes first")
    asked.add_argument("--operation", action="append", choices=[each.name for each in OPERATIONS])
    asked.add_argument("--harm", action="append", choices=[*(each.name for each in HARMS), WITHIN])
    asked.add_argument("--pair", action="append", help="only these two at once: 'cd enable / identity on'")
    asked.add_argument("--results", type=Path, help="a file to which each case is added, as a line of JSON")
    asked.add_argument("--missing", action="store_true", help="only cases that are not in the record yet")
    asked.add_argument("--minutes", type=float, default=math.inf, help="begin no case after so long")
    asked.add_argument("--write", action="store_true", help="put the results into the record and docs/campaign.md")
    options = asked.parse_args()
    before = _read(options.results) if options.results and options.results.exists() else []
    if options.write:
        PAGE.write_text(page(add(before)))
        return 0
    there = {*known(load()), *((each.operation, each.harm, each.at) for each in before)} if options.missing else set()
    pair = frozenset(options.pair or ())
    end = time.monotonic() + 60 * options.minutes
    wanted = Wanted(options.every, options.first, pair, frozenset(there), end)
    harms = {WITHIN} if pair else set(options.harm or [*(each.name for each in HARMS), WITHIN])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell, too
    done: Counter[bool] = Counter()
    chosen = [each for each in OPERATIONS if each.name in (options.operation or [each.name])]
    within = pairs({each.name for each in chosen}, wanted) if WITHIN in harms else ()
    for case in chain(cases(chosen, harms, wanted), within):
        done[not case.faults] += 1
        told = "; ".join(case.faults) or ("survived" if case.survived else "converged")
        print(f"{case.operation}, {case.harm} at {case.at} of {case.of}: {told}", flush=True)
        if options.results:
            with options.results.open("a") as file:
                file.write(json.dumps(asdict(case)) + "\n")
    print(f"{done.total()} cases, {done[True]} survived or converged")
    return 1 if done[False] else 0


if __name__ == "__main__":
    sys.exit(main())
