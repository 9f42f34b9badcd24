"""What came of every case so far: kept between runs, so that each adds to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.campaign.trial import Case

FILE = Path(__file__).with_name("record.json")
Rows = dict[str, dict[str, dict[str, Any]]]
"""By operation and harm: `of` how many requests an undisturbed run sends, `date` of the last case, and which requests
were `survived`, `converged`, or `missed`, with the reasons."""


def load() -> Rows:
    """The record."""
    found: Rows = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def add(cases: Iterable[Case]) -> Rows:
    """Put cases into the record, each in place of what came of the same one before; the whole of it."""
    rows = load()
    for case in cases:
        row = rows.setdefault(case.operation, {}).setdefault(case.harm, {})
        row["of"], row["date"] = case.of, datetime.now(UTC).date().isoformat()
        for kind in ("survived", "converged"):
            row[kind] = [at for at in row.get(kind, []) if at != case.at and at <= case.of]
        row["missed"] = {at: why for at, why in row.get("missed", {}).items() if at != str(case.at)}
        if case.faults:
            row["missed"][str(case.at)] = list(case.faults)
        else:
            kind = "survived" if case.survived else "converged"
            row[kind] = sorted([*row[kind], case.at])
    lines = (
        f"{json.dumps(operation)}: {{\n"
        + ",\n".join(f"{json.dumps(harm)}: {json.dumps(row)}" for harm, row in harms.items())
        + "\n}"
        for operation, harms in sorted(rows.items())
    )
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return rows


def known(rows: Rows) -> Iterator[tuple[str, str, int]]:
    """The cases in the record that kept every promise."""
    for operation, harms in rows.items():
        for harm, row in harms.items():
            yield from ((operation, harm, at) for kind in ("survived", "converged") for at in row[kind])
