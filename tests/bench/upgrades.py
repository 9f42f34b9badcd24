"""An upgrade of a full-size deployment from MLflow 1.5.0 to 3, while a client goes on logging."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.bench.commands import measured
from tests.bench.measure import table
from tests.support.logging_client import LoggingClient
from tests.support.odd_runs import CANNOT_BE_MOVED
from tests.support.server_content import ask

if TYPE_CHECKING:
    from tests.support.command import Command

_UPGRADE = ("upgrade", "--to", "3", "--public", "--yes", "--no-backup")


def upgraded(cli: Command, url: str) -> str:
    """Upgrade, go back, and upgrade again; nothing that the client logged may be missing. A table."""
    with LoggingClient(url) as client:
        first = measured(cli, *_UPGRADE, expected=1)  # some cannot be moved
    told = json.loads(first.answer)["data"]
    assert len(told["aside"]) == len(CANNOT_BE_MOVED), told["aside"]
    for each in told["experiments"]:
        assert each["file_store"] == each["database"], each
    for run, value in client.logged.items():
        history = ask(url, "GET", f"metrics/get-history?run_id={run}&metric_key=m")["metrics"]
        assert [each["value"] for each in history] == [value], run
    back = measured(cli, "upgrade", "--rollback", "--yes")
    again = measured(cli, *_UPGRADE, expected=1)
    second = json.loads(again.answer)["data"]
    rows = [
        ["upgrade", f"{first.seconds / 60:.1f}", f"{told['stopped_seconds']:.0f}", f"{told['last_pass_seconds']:.1f}"],
        ["rollback", f"{back.seconds / 60:.1f}", "", ""],
        [
            "upgrade again",
            f"{again.seconds / 60:.1f}",
            f"{second['stopped_seconds']:.0f}",
            f"{second['last_pass_seconds']:.1f}",
        ],
    ]
    points = sum(each["database"]["points"] for each in told["experiments"])
    return (
        f"{table(['', 'minutes', 'seconds without a server', 'of them the last pass'], rows)}\n\n"
        f"Both sides were equal: {told['runs']:,} runs, {points:,} points. {len(told['aside'])} runs could not be "
        f"moved, each with its reason. Meanwhile a client logged {len(client.logged):,} runs, all of which are there."
    )
