"""The table of the campaign, as a page of the documentation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import HARM as WITHIN
from tests.campaign.pairs import PAIRS

if TYPE_CHECKING:
    from tests.campaign.record import Rows

HEAD = """# The campaign

Commands that write are disturbed at their requests, one after another, and then run again. Up to {date}, {cases} of
these cases were run, of which {good} kept every promise below. A case at each request, in all rows of the table, would
make {whole}. Operations not run: {left}. Pairs of two commands not run: {pairs} of {all_pairs}.

```console
$ make campaign                                       # all of it: days
$ make campaign CAMPAIGN="--every 20"                 # every twentieth request: hours
$ make campaign CAMPAIGN="--missing --minutes 60"     # for an hour, what was not run yet
```

Each run adds to the table: of a case that was run twice, the last counts. So its rows are of several days, and of
several states of the code and of these checks; [`record.json`](../tests/campaign/record.json) has every case.

Each case starts from the same state of an emulator. A case has *survived* where the disturbed command was done all the
same, and *converged* where running it again led to the same end state as if nothing had happened. *Another command
within* is one of eight that change a deployment, in all pairs, which runs from start to end while the first one waits
for an answer. After each command, and after a further run, it is checked that

- nothing that others made is touched, and an app setting that the user added is there,
- no key, password or secret stands in an output or in a file of the user's,
- nothing is more open than before: sign-in, the SCM site, TLS, anonymous access to blobs,
- a server that answered before answers,
- the answer is one JSON document with an exit code that is promised, and no error of the program's own,
- a further run writes nothing; and of two commands at once that both say that all is done, neither is undone: what one
  sets and the other sets otherwise is as if they had been run one after the other.

The checks: [`tests/campaign/invariants.py`](../tests/campaign/invariants.py). A signal or the end of `--timeout` comes
at any request of the command's, to whichever service; a fault is one of Resource Manager, Microsoft Graph or the
storage account.

Behind the emulated web app a small server takes MLflow's place there, and one behind the storage account that of
Azurite, which start at once; MLflow and Azurite themselves are what the other tests run. Where it matters what is
stored (`backup`, `restore`, `upgrade`), Azurite and PostgreSQL themselves hold it: an experiment with two runs and
their artifacts. Runs are moved, and the database is dumped and loaded, by the program of MLflow 3's image, on its own
packages; only the web app that serves is the small server. Afterwards every file, blob and row is compared.

Two more give the program what it does not expect, and look for a promised exit code and a sentence: words, variables
and files made by chance, and answers of Azure that are cut, pages, null, of other types, or lack keys.

```console
$ python -m tests.campaign.inputs --cases 10000
$ python -m tests.campaign.answers --every 10
```

| operation | harm | cases | of | survived | converged | kept every promise | last |
|---|---|---|---|---|---|---|---|
"""
_ORDER = {name: number for number, name in enumerate([*(each.name for each in HARMS), WITHIN])}
_OPERATIONS = {each.name: number for number, each in enumerate(OPERATIONS)}


@dataclass
class _Row:
    """A row of the table."""

    of: int = 0
    survived: int = 0
    converged: int = 0
    date: str = ""
    missed: list[str] = field(default_factory=list)

    @property
    def good(self) -> int:
        return self.survived + self.converged

    @property
    def cases(self) -> int:
        return self.good + len(self.missed)


def page(record: Rows) -> str:
    """The page of the documentation."""
    rows: dict[tuple[str, str], _Row] = defaultdict(_Row)
    for operation, harms in record.items():
        for harm, found in harms.items():
            row = rows[operation.partition(" / ")[0], harm]
            row.of += found["of"]
            row.survived += len(found["survived"])
            row.converged += len(found["converged"])
            row.date = max(row.date, found["date"])
            row.missed += [
                f"- {operation}, {harm} at request {at}: {'; '.join(why)}" for at, why in found["missed"].items()
            ]
    run = {name for name, _ in rows}
    head = HEAD.format(
        date=max(row.date for row in rows.values()),
        cases=sum(row.cases for row in rows.values()),
        good=sum(row.good for row in rows.values()),
        whole=sum(row.of for row in rows.values()),
        pairs=sum(f"{one.name} / {other.name}" not in record for one, other in PAIRS),
        all_pairs=len(PAIRS),
        left=", ".join(each.name for each in OPERATIONS if each.name not in run) or "nothing",
    )
    names = sorted(rows, key=lambda row: (_OPERATIONS[row[0]], _ORDER[row[1]]))
    missed = [line for row in rows.values() for line in row.missed]
    return head + "".join(_line(*name, rows[name]) for name in names) + _misses(missed)


def _line(operation: str, harm: str, row: _Row) -> str:
    counts = f"{row.cases} | {row.of} | {row.survived} | {row.converged} | {row.good / row.cases:.0%}"
    return f"| {operation} | {harm} | {counts} | {row.date} |\n"


def _misses(missed: list[str]) -> str:
    return "\n## What did not hold\n\n" + "\n".join(missed) + "\n" if missed else ""
