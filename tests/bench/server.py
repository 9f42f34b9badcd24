"""The server of MLflow 3 beside that of 1.5.0: how soon it answers, and how much memory it takes."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import Spread, cpu_seconds, in_turn, pss_megabytes, table
from tests.bench.servers import ORIGINAL_1_5_0, STARTUP_1_5_0, STARTUP_3, of_1_5_0, of_3, postgres, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.servers import Command

    Settings = Callable[[], dict[str, str]]

OLD, ORIGINAL, NEW = "the image of 1.5.0", "MLflow 1.5.0's own server", "the image of 3"
SEARCHES = 100


def measure(rounds: int) -> Iterator[str]:
    """Seconds until a server answers that finds its store, and MB."""
    with tempfile.TemporaryDirectory() as path, postgres() as database_server:
        directory, database = Path(path), database_server.database("mlflow")
        old = partial(of_1_5_0, directory)
        new = partial(of_3, directory, database_server, database)
        # The first of all starts makes bytecode, and a schema.
        for startup, settings in ((STARTUP_1_5_0, old), (ORIGINAL_1_5_0, old), (STARTUP_3, new)):
            with serving(startup, settings(1)):
                pass
        computed: dict[str, list[float]] = {OLD: [], ORIGINAL: [], NEW: []}
        found = in_turn(
            {
                OLD: lambda: _ready(STARTUP_1_5_0, old(1), computed[OLD]),
                ORIGINAL: lambda: _ready(ORIGINAL_1_5_0, old(1), computed[ORIGINAL]),
                NEW: lambda: _ready(STARTUP_3, new(1), computed[NEW]),
            },
            rounds,
        )
        cpu = {name: Spread.of(each) for name, each in computed.items()}
        yield table(
            ["ready, 1 worker", "seconds", f"by {OLD}", "of CPU", f"by {OLD}"],
            [[each, found[each], found[each] / found[OLD], cpu[each], cpu[each] / cpu[OLD]] for each in found],
        )
        rows = [
            [f"{name}, workers: {many}", *_memory(startup, partial(settings, many), rounds)]
            for name, startup, settings in ((OLD, STARTUP_1_5_0, old), (NEW, STARTUP_3, new))
            for many in (1, 2)
        ]
        yield table(["memory (PSS) in MB", "at rest", f"after {SEARCHES} searches"], rows)


def _ready(startup: Command, settings: dict[str, str], computed: list[float]) -> float:
    began = time.perf_counter()
    with serving(startup, settings) as (_, process):
        seconds = time.perf_counter() - began
        computed.append(cpu_seconds(process))
    return seconds


def _memory(startup: Command, settings: Settings, rounds: int) -> Iterator[Spread]:
    at_rest, used = [], []
    for _ in range(rounds):
        with serving(startup, settings()) as (server, process):
            at_rest.append(pss_megabytes(process))
            for _search in range(SEARCHES):
                assert server.call("runs/search", {"experiment_ids": ["0"]}).status_code == 200
            used.append(pss_megabytes(process))
    yield from (Spread.of(at_rest), Spread.of(used))
