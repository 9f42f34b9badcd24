"""Run the campaign: python -m tests.campaign. See docs/campaign.md, which it writes."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator.home import Home
from tests.campaign.forked import Forked
from tests.campaign.harms import HARMS
from tests.campaign.light_server import make_cache
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import HARM as WITHIN
from tests.campaign.pairs import PAIRS, PairTrial
from tests.campaign.report import table
from tests.campaign.stage import Stage
from tests.campaign.trial import Case, Trial
from tests.support.command import isolated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.campaign.operations import Operation

PAGE = Path(__file__).parents[2] / "docs" / "campaign.md"


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage, and the end of its emulator afterwards."""
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as directory:
        command = isolated(Path(directory))
        command.environ.update(make_cache(Path(directory) / "cache"))
        stage = Stage(Forked(command), Home(Path(command.environ["MLFLOW_AZURE_EMULATOR_HOME"])))
        try:
            yield stage
        finally:
            stage.close()


def cases(operation: Operation, harms: set[str], every: int, first: int) -> Iterator[Case]:
    """Each harm at each request of one operation, or at every n-th."""
    if harms == {WITHIN}:
        return
    with staged() as stage:
        trial = Trial(stage, operation)
        trial.rehearse()
        for offset, harm in enumerate(HARMS):
            for at in range(1 + (offset + first) % every, len(trial.requests) + 1, every):
                if harm.name in harms:
                    yield trial.case(harm, at)


def pairs(operations: set[str], every: int, first: int) -> Iterator[Case]:
    """Two at once, in all pairs that begin with one of these operations, at every n-th request."""
    for number, (one, other) in enumerate(PAIRS):
        if one.name in operations:
            with staged() as stage:
                trial = PairTrial(stage, one, other)
                trial.rehearse()
                for at in range(1 + (number + first) % every, len(trial.requests) + 1, every):
                    yield trial.case(at)


def main() -> int:
    """Run what is asked for; 1 where a case found something."""
    asked = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    asked.add_argument("--every", type=int, default=1, help="only every n-th request")
    asked.add_argument("--first", type=int, default=0, help="with --every: which of them comes first")
    asked.add_argument("--operation", action="append", choices=[each.name for each in OPERATIONS])
    asked.add_argument("--harm", action="append", choices=[*(each.name for each in HARMS), WITHIN])
    asked.add_argument("--results", type=Path, help="a file to which each case is added, as a line of JSON")
    asked.add_argument("--write", action="store_true", help="write docs/campaign.md from the file of results")
    options = asked.parse_args()
    if options.write:
        PAGE.write_text(table([Case(**json.loads(line)) for line in options.results.read_text().splitlines()]))
        return 0
    harms = set(options.harm or [*(each.name for each in HARMS), WITHIN])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell, too
    done: Counter[bool] = Counter()
    for operation in OPERATIONS:
        if options.operation and operation.name not in options.operation:
            continue
        found = cases(operation, harms, options.every, options.first)
        within = pairs({operation.name}, options.every, options.first) if WITHIN in harms else ()
        for case in chain(found, within):
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
