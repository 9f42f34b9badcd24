"""The table of the campaign, as a page of the documentation."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.campaign.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.campaign.trial import Case

HEAD = """# The campaign

Commands that write are disturbed at their requests, one after another, and then run again. This page is generated from
the last run: {cases} cases, of which {good} kept every promise below. Not run then: {left}.

```console
$ make campaign                          # all of it: hours
$ make campaign CAMPAIGN="--every 10"    # a tenth
```

A case has *survived* where the disturbed command was done all the same, and *converged* where running it again led to
the same end state as if nothing had happened. After each command, and after a further run, it is checked that

- nothing that others made is touched, and an app setting that the user added is there,
- no key, password or secret stands in an output or in a file of the user's,
- nothing is more open than before: sign-in, the SCM site, TLS, anonymous access to blobs,
- a server that answered before answers,
- the answer is one JSON document with an exit code that is promised, and no error of the program's own,
- a further run writes nothing.

The checks: [`tests/campaign/invariants.py`](../tests/campaign/invariants.py).

| operation | harm | cases | survived | converged | kept every promise |
|---|---|---|---|---|---|
"""


def table(cases: Sequence[Case]) -> str:
    """The page."""
    rows: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        rows[case.operation, case.harm].append(case)
    good = sum(not case.faults for case in cases)
    lines = [_row(*names, found) for names, found in rows.items()]
    missed = [
        f"- {case.operation}, {case.harm} at request {case.at}: {'; '.join(case.faults)}"
        for case in cases
        if case.faults
    ]
    run = {case.operation for case in cases}
    left = ", ".join(each.name for each in OPERATIONS if each.name not in run) or "nothing"
    return HEAD.format(cases=len(cases), good=good, left=left) + "".join(lines) + _misses(missed)


def _row(operation: str, harm: str, cases: Sequence[Case]) -> str:
    good = [case for case in cases if not case.faults]
    survived = sum(case.survived for case in good)
    share = f"{len(good) / len(cases):.0%}"
    return f"| {operation} | {harm} | {len(cases)} | {survived} | {len(good) - survived} | {share} |\n"


def _misses(missed: Sequence[str]) -> str:
    return "\n## What did not hold\n\n" + "\n".join(missed) + "\n" if missed else ""
