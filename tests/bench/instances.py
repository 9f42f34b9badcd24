"""Many clients on three instances of MLflow 3 while one is killed, while all are replaced; and an artifact of 1 GB."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.bench.measure import Watched, table
from tests.support.command import isolated
from tests.support.load import COLUMNS, SeveralInstances, load
from tests.support.running_emulator import started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNS, CLIENTS, INSTANCES = 1000, 32, 3
PYTHON = Path(__file__).parents[2] / ".venv" / "mlflow-3" / "bin" / "python"
MEGABYTE = 1_000_000
GIGABYTE = 1000 * MEGABYTE


def measure(rounds: int) -> Iterator[str]:
    """What clients see, once for each round, and what a large artifact takes."""
    with tempfile.TemporaryDirectory() as directory, started(cli := isolated(Path(directory))) as emulator:
        several = SeveralInstances.deployed(cli, emulator.home, INSTANCES)
        yield f"{CLIENTS} clients log {RUNS:,} runs to {INSTANCES} instances. Meanwhile"
        yield table(["", *COLUMNS], _loads(several, rounds))
        yield "An artifact of 1 GB through the server; memory is the PSS of the largest process of an instance."
        yield table(["", "seconds", "MB before", "at most"], _artifact(several))


def _loads(several: SeveralInstances, rounds: int) -> Iterator[list[str]]:
    events: dict[str, Callable[[], object] | None] = {
        "nothing": None,
        "an instance is killed": several.kill_one,
        "a new image is rolled through": several.roll_another_image_through,
    }
    for number in range(rounds):
        for event, meanwhile in events.items():
            name = f"{event} {number}"
            yield [event, *load(PYTHON, several.url, name, clients=CLIENTS, runs=RUNS, meanwhile=meanwhile).row]


def _artifact(several: SeveralInstances) -> Iterator[list[object]]:
    url = f"{several.url}/api/2.0/mlflow-artifacts/artifacts/large"
    ways: dict[str, Callable[[], None]] = {"up": lambda: _up(url), "down": lambda: _down(url)}
    for way, move in ways.items():
        with Watched([each.process for each in several.servers()]) as memory:
            before, began = memory.now(), time.perf_counter()
            move()
            seconds = time.perf_counter() - began
        yield [way, f"{seconds:.0f}", f"{before:.0f}", f"{memory.most:.0f}"]


def _up(url: str) -> None:
    block = bytes(MEGABYTE)
    answer = requests.put(url, data=(block for _ in range(GIGABYTE // MEGABYTE)), timeout=600)
    assert answer.status_code == 200, answer.text


def _down(url: str) -> None:
    with requests.get(url, stream=True, timeout=600) as answer:
        assert sum(len(block) for block in answer.iter_content(MEGABYTE)) == GIGABYTE
