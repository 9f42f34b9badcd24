"""The table of the campaign, as a page of the documentation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import HARM as WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.campaign.record import Rows

HEAD = """# The campaign

The campaign injects a fault (a kill, a signal, a timeout, a network or Azure error) at one request of a command that
writes, and then runs the command again. By {date}, {cases} cases had been run, and {good} of them kept every promise
below:

- {short}: commands that change a deployment of MLflow 1.5.0, two of them at once included,
- {long}: MLflow 3, and commands that copy or move runs, where a case takes up to a minute.

A request that is not sent in every run, such as one that asks whether an operation has ended, may have no case.

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
within*, a second command runs from start to finish while the first one waits for a response; both are given
`--timeout 180`, which matters where together they leave a web app that cannot start. It covers all pairs of
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

CI runs fixed cases of the first group ([`test_campaign.py`](../tests/integration/test_campaign.py)): on each change
(`.ci/run`), each kind of fault once in each command; each night (`.ci/nightly`), a tenth: each kind of fault, and each
other command within, at every tenth request.

The checks are in [`tests/campaign/invariants.py`](../tests/campaign/invariants.py). A signal or an expired `--timeout`
can occur at any request of the command, to any service; other faults occur in Resource Manager, Microsoft Graph or the
storage account.

To start quickly, a small server stands in for MLflow behind the emulated web app, and another one for Azurite behind
the storage account, as in tests where MLflow plays no part. Where stored data matters (`backup`, `restore`,
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
WITHIN_LONG = "backup, restore or upgrade within"
_ORDER = {name: number for number, name in enumerate([*(each.name for each in HARMS), WITHIN, WITHIN_LONG])}
_OPERATIONS = {each.name: number for number, each in enumerate(OPERATIONS)}
_LONG = {each.name for each in OPERATIONS if each.takes_long}


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
    rows = _rows(record)
    cases, good = (sum(getattr(row, what) for row in rows.values()) for what in ("cases", "good"))
    head = HEAD.format(
        date=max(row.date for row in rows.values()),
        cases=cases,
        good=good,
        short=_share(row for name, row in rows.items() if not _takes_long(*name)),
        long=_share(row for name, row in rows.items() if _takes_long(*name)),
    )
    names = sorted(rows, key=lambda row: (_OPERATIONS[row[0]], _ORDER[row[1]]))
    missed = [line for row in rows.values() for line in row.missed]
    return head + "".join(_line(*name, rows[name]) for name in names) + _misses(missed)


def _rows(record: Rows) -> dict[tuple[str, str], _Row]:
    rows: dict[tuple[str, str], _Row] = defaultdict(_Row)
    for operation, harms in record.items():
        for harm, found in harms.items():
            one, _, other = operation.partition(" / ")
            row = rows[one, WITHIN_LONG if other in _LONG else harm]
            row.of += found["of"]
            row.survived += len(found["survived"])
            row.converged += len(found["converged"])
            row.date = max(row.date, found["date"])
            row.missed += [
                f"- {operation}, {harm} at request {at}: {'; '.join(why)}" for at, why in found["missed"].items()
            ]
    for operation, harms in record.items():
        if " / " not in operation:
            for each in HARMS:  # those of which there is no case yet
                row = rows[operation, each.name]
                row.of = row.of or max(found["of"] for found in harms.values())
    return rows


def _takes_long(operation: str, harm: str) -> bool:
    return operation in _LONG or harm == WITHIN_LONG


def _share(rows: Iterable[_Row]) -> str:
    found = list(rows)
    return f"{sum(row.cases for row in found)} of {sum(row.of for row in found)}"


def _line(operation: str, harm: str, row: _Row) -> str:
    kept = f"{row.good / row.cases:.0%}" if row.cases else ""
    counts = f"{row.cases} | {row.of} | {row.survived} | {row.converged} | {kept}"
    return f"| {operation} | {harm} | {counts} | {row.date} |\n"


def _misses(missed: list[str]) -> str:
    return "\n## What did not hold\n\n" + "\n".join(missed) + "\n" if missed else ""
