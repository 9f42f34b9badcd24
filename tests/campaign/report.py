"""The table of the campaign, as a page of the documentation."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import HARM as WITHIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.campaign.trial import Case

HEAD = """# The campaign

Commands that write are disturbed at their requests, one after another, and then run again. The last run, of {date},
had {cases} cases, of which {good} kept every promise below. A case at each request, in all rows of the table, would
make {whole}: what was run is every n-th request. Operations not run: {left}.

```console
$ make campaign                          # all of it: days
$ make campaign CAMPAIGN="--every 20"    # every twentieth request: hours
```

Each case starts from the same state of an emulator. A case has *survived* where the disturbed command was done all the
same, and *converged* where running it again led to the same end state as if nothing had happened. *Another command
within* is one of eight that change a deployment, in all pairs, which runs from start to end while the first one waits
for an answer. After each command, and after a further run, it is checked that

- nothing that others made is touched, and an app setting that the user added is there,
- no key, password or secret stands in an output or in a file of the user's,
- nothing is more open than before: sign-in, the SCM site, TLS, anonymous access to blobs,
- a server that answered before answers,
- the answer is one JSON document with an exit code that is promised, and no error of the program's own,
- a further run writes nothing; and of two commands at once that both say that all is done, neither is undone.

The checks: [`tests/campaign/invariants.py`](../tests/campaign/invariants.py). Behind the emulated web app a small
server takes MLflow's place there, which starts at once; MLflow itself is what the other tests run.

Two more give the program what it does not expect, and look for a promised exit code and a sentence: words, variables
and files made by chance, and answers of Azure that are cut, pages, null, of other types, or lack keys.

```console
$ python -m tests.campaign.inputs --cases 10000
$ python -m tests.campaign.answers --every 10
```

| operation | harm | cases | of | survived | converged | kept every promise |
|---|---|---|---|---|---|---|
"""
_ORDER = {name: number for number, name in enumerate([*(each.name for each in HARMS), WITHIN])}
_OPERATIONS = {each.name: number for number, each in enumerate(OPERATIONS)}


def table(found: Sequence[Case]) -> str:
    """The page; of a case that was run twice, the last counts."""
    cases = list({(case.operation, case.harm, case.at): case for case in found}.values())
    rows: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        rows[case.operation.partition(" / ")[0], case.harm].append(case)
    names = sorted(rows, key=lambda row: (_OPERATIONS[row[0]], _ORDER[row[1]]))
    good = sum(not case.faults for case in cases)
    missed = [
        f"- {case.operation}, {case.harm} at request {case.at}: {'; '.join(case.faults)}"
        for case in cases
        if case.faults
    ]
    run = {name for name, _ in rows}
    left = ", ".join(each.name for each in OPERATIONS if each.name not in run) or "nothing"
    head = HEAD.format(
        date=datetime.now(UTC).date(), cases=len(cases), good=good, whole=sum(map(_whole, rows.values())), left=left
    )
    return head + "".join(_row(*name, rows[name]) for name in names) + _misses(missed)


def _whole(cases: Sequence[Case]) -> int:
    """How many there are with one at each request."""
    longest: dict[str, int] = defaultdict(int)
    for case in cases:
        longest[case.operation] = max(longest[case.operation], case.of)
    return sum(longest.values())


def _row(operation: str, harm: str, cases: Sequence[Case]) -> str:
    good = [case for case in cases if not case.faults]
    survived = sum(case.survived for case in good)
    share = f"{len(good) / len(cases):.0%}"
    counts = f"{len(cases)} | {_whole(cases)} | {survived} | {len(good) - survived}"
    return f"| {operation} | {harm} | {counts} | {share} |\n"


def _misses(missed: Sequence[str]) -> str:
    return "\n## What did not hold\n\n" + "\n".join(missed) + "\n" if missed else ""
