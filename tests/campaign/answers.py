"""Odd answers of Azure's: python -m tests.campaign.answers.

Each request of a command, one after another, is answered with something else than it should be. The command may go on
where that makes no difference; else it ends with a sentence and a promised exit code.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, get_args

from mlflow_azure.emulator.garbled import Garbling
from tests.campaign.__main__ import staged
from tests.campaign.harms import Faulty
from tests.campaign.invariants import answered_well, tells_no_secret
from tests.campaign.operations import DEPLOY, LOOKS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.campaign.operations import Operation
    from tests.campaign.stage import Stage
    from tests.support.command import Result

GARBLINGS = get_args(Garbling)
REFUSED = 2
TELLS_OF_WHAT_IS_THERE = frozenset({"NotManaged", "CannotChange"})
"""What an answer without a tag, or with another region, says as well as it can be said."""


def looks(stage: Stage, operation: Operation, every: int, first: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each garbling at each request, or at every n-th case: which it was, and what was wrong."""
    stage.emulator.forget_requests()
    stage.run(operation.line)
    requests = stage.emulator.requests
    # In an order that is the same in each run: requests that are under way at once end in any.
    order = sorted(range(1, len(requests) + 1), key=lambda at: (requests[at - 1]["path"], requests[at - 1]["method"]))
    cases = [(at, how) for at in order for how in GARBLINGS]
    for at, how in cases[first::every]:
        harm = Faulty(how, {"kind": "garbled", "garbling": how, "times": None})
        result = harm.strike(stage, (*operation.line, "--timeout", "20"), requests, at)
        faults = [*answered_well(result), *tells_no_secret(stage, result)]
        if result.exit_code == REFUSED and not TELLS_OF_WHAT_IS_THERE.issuperset(_codes(result)):
            faults.append(f"an answer of Azure's is said to be a fault of the user's: {result.stdout[-300:]}")
        path = requests[at - 1]["path"].partition("/providers/")[2] or requests[at - 1]["path"]
        yield f"{operation.name}, {how} for {requests[at - 1]['method']} {path}", tuple(faults)


def _codes(result: Result) -> set[str]:
    try:
        return {error["code"] for error in json.loads(result.stdout)["errors"]}
    except ValueError:  # answered_well says so
        return set()


def run(names: set[str], every: int, first: int = 0) -> Iterator[tuple[str, tuple[str, ...]]]:
    """All of it. Those that only look share a deployment; each other command has its own, put back for each case."""
    with staged() as stage:
        stage.prepare((DEPLOY,))
        for operation in LOOKS:
            if operation.name in names:
                yield from looks(stage, operation, every, first)
    for operation in OPERATIONS:
        if operation.name in names:
            with staged() as stage:
                stage.prepare(operation.before)
                for told in looks(stage, operation, every, first):
                    yield told
                    stage.put_back()


def main() -> int:
    """Run it, and say how many there were."""
    known = [each.name for each in (*LOOKS, *OPERATIONS)]
    asked = argparse.ArgumentParser(prog="python -m tests.campaign.answers", description=__doc__)
    asked.add_argument("--every", type=int, default=1)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--operation", action="append", choices=known)
    options = asked.parse_args()
    count = bad = 0
    for told, faults in run(set(options.operation or known), options.every, options.first):
        count += 1
        bad += bool(faults)
        print(f"{told}: {'; '.join(faults) or 'ok'}", flush=True)
    print(f"{count} odd answers, {count - bad} taken or told with a sentence and a promised exit code")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
