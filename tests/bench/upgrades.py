"""An upgrade of a full-size deployment from MLflow 1.5.0 to 3, while a client goes on logging."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from tests.bench.commands import measured
from tests.bench.measure import table
from tests.support.logging_client import LoggingClient
from tests.support.odd_runs import CANNOT_BE_MOVED
from tests.support.server_content import ask, run_content

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.server_content import Content
    from tests.support.stored import Stored

_UPGRADE = ("upgrade", "--to", "3", "--public", "--yes", "--no-backup")
_SAMPLE = 200
"""Runs that are read through both servers."""


def upgraded(cli: Command, stored: Stored, url: str) -> str:
    """Upgrade, go back, and upgrade again; nothing that the client logged may be missing. A table."""
    root = f"wasbs://mlflow@{stored.account.name}.blob.core.windows.net/mlartefacts"
    before = {run: run_content(url, run, root) for run in _sample(stored)}
    with LoggingClient(url) as client:
        first = measured(cli, *_UPGRADE, expected=1)  # some cannot be moved
    told = json.loads(first.answer)["data"]
    assert len(told["aside"]) == len(CANNOT_BE_MOVED), told["aside"]
    for each in told["experiments"]:
        assert each["file_store"] == each["database"], each
    for run, value in client.logged.items():
        history = ask(url, "GET", f"metrics/get-history?run_id={run}&metric_key=m")["metrics"]
        assert [each["value"] for each in history] == [value], run
    assert_same(before, url, root)
    back = measured(cli, "upgrade", "--rollback", "--yes")
    again = measured(cli, *_UPGRADE, expected=1)
    second = json.loads(again.answer)["data"]
    assert_same(before, url, root)
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
        f"moved, each with its reason. Meanwhile a client logged {len(client.logged):,} runs, all of which are there. "
        f"{len(before)} runs drawn at random were the same through both servers, with every point of their histories."
    )


def _sample(stored: Stored) -> list[str]:
    """Some of the runs that are no odd ones."""
    runs = sorted(path.parent.parent.name for path in (stored.share / "mlruns").glob("*/*/metrics/metric 0"))
    return random.Random(0).sample(runs, min(_SAMPLE, len(runs)))


def assert_same(before: Content, url: str, root: str) -> None:
    """The server has these runs as they were."""
    for run, content in before.items():
        assert run_content(url, run, root) == content, run
