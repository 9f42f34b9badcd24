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

The campaign injects a fault (a kill, a signal, a timeout, a network or Azure error) at one request of a command that
writes, and then runs the command again. By {date}, {cases} cases had been run, and {good} of them kept every promise
below. One case at every request, for all rows of the table, would be {whole}. Operations not run: {left}. Pairs of
commands not run: {pairs} of {all_pairs}.

```console
$ make campaign                                       # all of it: days
$ make campaign CAMPAIGN="--every 20"                 # every twentieth request: hours
$ make campaign CAMPAIGN="--missing --minutes 60"     # for an hour, cases that were not run yet
```

Each run adds to the table; if a case is run twice, the last run counts. The rows therefore come from different days,
and from different versions of the code and of these checks; [`record.json`](../tests/campaign/record.json) lists every
case.

Every case starts from the same emulator state. A case *survived* if the disturbed command succeeded anyway, and
*converged* if running the command again led to the same end state as if nothing had happened. In *another command
within*, a second command runs from start to finish while the first one waits for a response; it covers all pairs of
the nine commands that change a deployment, and `backup`, `restore` and `upgrade` in pairs with each other and with
`deploy`, `destroy` and `rotate-keys`. After each command, and after one more run, these promises are checked:

- resources of others are untouched, and an app setting that the user added is still there,
- no key, password or secret appears in any output or in any file of the user,
- nothing is more open than before: sign-in, the SCM site, TLS, anonymous blob access,
- a server that responded before still responds,
- the output is one JSON document with a documented exit code, and not an internal error,
- one more run writes nothing; and if two concurrent commands both report success, neither is undone: where both set the
  same thing, or one deletes or copies what the other sets, the result is as if they had been run one after the other,
- after a `destroy` at the same time as another command, one more `destroy` leaves nothing behind, and a `deploy` after
  it works.

CI runs 100 cases on each change: ten of each of ten operations, always the same ones, with every kind of fault among
them ([`test_campaign.py`](../tests/integration/test_campaign.py)). A tenth of the table would take more than ten
minutes.

The checks are in [`tests/campaign/invariants.py`](../tests/campaign/invariants.py). A signal or an expired `--timeout`
can occur at any request of the command, to any service; other faults occur in Resource Manager, Microsoft Graph or the
storage account.

To start quickly, a small server stands in for MLflow behind the emulated web app, and another one for Azurite behind
the storage account; the other tests run the real MLflow and Azurite. Where stored data matters (`backup`, `restore`,
`upgrade`), the real Azurite and PostgreSQL hold it: an experiment with two runs and their artifacts. Runs are moved,
and the database is dumped and loaded, by the program in MLflow 3's image with its own packages; only the serving web
app is the small server. Afterwards every file, blob and row is compared.

Two more campaigns feed the program unexpected input and check for a documented exit code and a proper message: random
words, variables and files, and responses from Azure that are truncated, HTML pages, null, of the wrong type, or
missing keys.

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
