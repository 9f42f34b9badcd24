"""Many clients that log runs to a server with several instances, what happened to them, and what the server kept."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests

from mlflow_azure.emulator import launcher
from tests.support.runtime_support import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.emulator.home import Home
    from tests.support.command import Command

CLIENTS = Path(__file__).parents[1] / "load" / "clients.py"
JSON = ("--cloud", "emulator", "--output", "json", "--mlflow", "3")
API = "/api/2.0/mlflow/"
LAST = 0.4
"""What the last of a run's metrics adds to its number."""


@dataclass(frozen=True)
class Load:
    """What became of a load.

    Attributes:
        runs: How many runs were to be logged.
        failures: What clients failed with.
        seconds: How long all took.
        each: How long each run took that was logged, in seconds.
        kept: How often the server has each number, of runs that are finished and whole.
        left: Runs that a client began and went on from with another one, since the answer never reached it.

    """

    runs: int
    failures: list[str]
    seconds: float
    each: list[float]
    kept: Counter[int]
    left: int

    @property
    def lost(self) -> list[int]:
        """Runs that the server does not have, or not wholly."""
        return [number for number in range(self.runs) if not self.kept[number]]

    @property
    def doubled(self) -> list[int]:
        """Runs that it has more than once."""
        return [number for number, count in self.kept.items() if count > 1]

    def __str__(self) -> str:
        slowest = statistics.quantiles(self.each, n=100)[98]
        return (
            f"{len(self.each)} of {self.runs} runs in {self.seconds:.0f} s ({len(self.each) / self.seconds:.1f} a "
            f"second), median {statistics.median(self.each):.2f} s, 99 % within {slowest:.2f} s; clients that failed: "
            f"{len(self.failures)}, runs lost: {len(self.lost)}, doubled: {len(self.doubled)}, left over by a repeated "
            f"request: {self.left}"
        )


def load(
    python: Path, url: str, name: str, *, clients: int, runs: int, meanwhile: Callable[[], None] | None = None
) -> Load:
    """Have clients log runs to a new experiment, and look at what the server kept.

    Args:
        python: Of an environment with MLflow.
        url: Of the server.
        name: Of the experiment.
        clients: How many at once.
        runs: How many runs they log together.
        meanwhile: Is done when a third of them is logged.

    """
    line: list[str | Path] = [python, CLIENTS, url, name, str(clients), str(runs)]
    environ = {"PATH": os.environ["PATH"], "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environ) as process:
        each = []
        assert process.stdout is not None
        for text in process.stdout:
            if text.startswith("{"):
                end = json.loads(text)
                break
            each.append(float(text))
            if meanwhile and len(each) == runs // 3:
                meanwhile()
    kept, left = _kept(url, name)
    return Load(runs, end["failures"], end["seconds"], each, kept, left)


def _kept(url: str, name: str) -> tuple[Counter[int], int]:
    experiment = _ask(url, "GET", "experiments/get-by-name", params={"experiment_name": name})["experiment"]
    kept: Counter[int] = Counter()
    left = 0
    asked: dict[str, Any] = {"experiment_ids": [experiment["experiment_id"]], "max_results": 1000}
    while True:
        page = _ask(url, "POST", "runs/search", json=asked)
        for run in page.get("runs", []):
            number = int(next(tag["value"] for tag in run["data"]["tags"] if tag["key"] == "load.number"))
            if run["info"]["status"] == "FINISHED":
                kept[number] += _is_whole(run["data"], number)
            else:
                left += 1
        if not page.get("next_page_token"):
            return kept, left
        asked["page_token"] = page["next_page_token"]


def _is_whole(data: Any, number: int) -> bool:
    metrics = [(each["key"], each["value"]) for each in data["metrics"]]
    params = [(each["key"], each["value"]) for each in data["params"]]
    return metrics == [("loss", number + LAST)] and params == [("number", str(number))]


def _ask(url: str, method: str, path: str, **what: Any) -> Any:
    answer = requests.request(method, f"{url}{API}{path}", timeout=120, **what)
    assert answer.status_code == 200, answer.text
    return answer.json()


@dataclass(frozen=True)
class SeveralInstances:
    """A deployment of MLflow 3 on several instances, as processes of an emulator of its own."""

    cli: Command
    home: Home
    url: str

    @classmethod
    def deployed(cls, cli: Command, home: Home, instances: int) -> SeveralInstances:
        """Deploy it, and wait for all instances."""
        url = cli("deploy", *JSON, "--public", "--instances", str(instances)).data["url"]
        several = cls(cli, home, url)
        wait_until(lambda: len(several.processes()) == instances, within=600)
        return several

    def processes(self) -> dict[str, psutil.Process]:
        """The server's process on each instance, by the instance's id: the newest where one is being replaced."""
        found: dict[str, psutil.Process] = {}
        emulator = launcher.endpoint(self.home)
        assert emulator is not None, "the emulator does not run"
        processes = psutil.Process(emulator["pid"]).children(recursive=True)
        for process in sorted(processes, key=lambda each: each.create_time()):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if "mlflow3_app.server:app" in process.cmdline():
                    found[process.environ()["WEBSITE_INSTANCE_ID"]] = process
        return found

    def kill_one(self) -> None:
        """End the server of one instance, without a chance to finish what it is doing."""
        next(iter(self.processes().values())).kill()

    def deploy_another_image(self) -> None:
        """Deploy an image that differs from the one that runs, and wait until it answers."""
        assert self.cli("deploy", *JSON, "--docker-base-image", "python:3.11-bookworm").exit_code == 0

    def wait_until_replaced(self, before: dict[str, psutil.Process], many: int) -> dict[str, psutil.Process]:
        """The processes, once so many of those before have others in their place."""

        def replaced() -> bool:
            after = self.processes()
            return sum(after.get(name, process) != process for name, process in before.items()) == many

        wait_until(replaced, within=600)
        return self.processes()
