"""Many clients that log runs to a server with several instances, what happened to them, and what the server kept."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests

from mlflow_azure.emulator import launcher
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from mlflow_azure.emulator.home import Home
    from tests.support.command import Command

CLIENTS = Path(__file__).with_name("log_at_once_3.py")
JSON = ("--cloud", "emulator", "--output", "json", "--mlflow", "3")
API = "/api/2.0/mlflow/"
COLUMNS = [
    *("runs", "a second", "seconds a run, median / 99 %", "clients that failed", "runs lost", "doubled"),
    *("creations repeated", "left over by them"),
]
FAILED = "failed\n"
LAST = 0.4
"""What the last of a run's metrics adds to its number."""


@dataclass(frozen=True)
class Load:
    """What became of a load.

    Attributes:
        runs: How many runs were to be logged.
        failures: What clients failed with.
        repeated: Runs whose creation a client saw fail, and repeated after a look whether it was done.
        seconds: How long all took.
        each: How long each run took that was logged, in seconds.
        kept: How often the server has each number, of runs that are finished and whole.
        left: Runs that a client began and went on from with another one, since the answer never reached it. Those that
            were repeated and found are none.

    """

    runs: int
    failures: list[str]
    repeated: list[int]
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

    @property
    def row(self) -> list[str]:
        """For a table with the head `COLUMNS`."""
        slowest = statistics.quantiles(self.each, n=100)[98]
        return [
            f"{len(self.each)} of {self.runs}",
            f"{len(self.each) / self.seconds:.1f}",
            f"{statistics.median(self.each):.2f} / {slowest:.2f}",
            *(str(len(each)) for each in (self.failures, self.lost, self.doubled, self.repeated)),
            str(self.left),
        ]


def load(
    python: Path,
    url: str,
    name: str,
    *,
    clients: int,
    runs: int,
    pause: float = 0,
    meanwhile: Callable[[], object] | None = None,
) -> Load:
    """Have clients log runs to a new experiment, and look at what the server kept.

    Args:
        python: Of an environment with MLflow.
        url: Of the server.
        name: Of the experiment.
        clients: How many at once.
        runs: How many runs they log together, or more.
        pause: Of a client between two runs, in seconds.
        meanwhile: Is done when a third of them is logged; they go on at least until it is over.

    """
    line: list[str | Path] = [python, CLIENTS, url, name, str(clients), str(pause)]
    environ = {"PATH": os.environ["PATH"], "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    each: list[float] = []
    with (
        subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        doing: Future[object] | None = None
        for tried, text in enumerate(process.stdout, 1):
            if text.startswith("{"):
                end = json.loads(text)
                break
            if text != FAILED:
                each.append(float(text))
            if meanwhile and tried == runs // 3:
                doing = pool.submit(meanwhile)
            if tried >= runs and not process.stdin.closed and (doing is None or doing.done()):
                process.stdin.close()
        if doing:
            doing.result()
    kept, left = _kept(url, name)
    return Load(end["runs"], end["failures"], end["repeated"], end["seconds"], each, kept, left)


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
    instances: int
    options: tuple[str, ...]

    @classmethod
    def deployed(cls, cli: Command, home: Home, instances: int) -> SeveralInstances:
        """Deploy it, and wait for all instances."""
        options = (*JSON, "--public", "--instances", str(instances))
        several = cls(cli, home, cli("deploy", *options).data["url"], instances, options)
        several.wait_for_all()
        return several

    def wait_for_all(self) -> None:
        """Return when each instance has its server."""
        wait_until(lambda: len({each.instance for each in self.servers()}) == self.instances)

    def servers(self) -> list[Server]:
        """The server processes of all instances; of one that is being replaced, both."""
        found: list[Server] = []
        emulator = launcher.endpoint(self.home)
        assert emulator is not None, "the emulator does not run"
        for process in psutil.Process(emulator["pid"]).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if "mlflow3_app" in process.cmdline():
                    environ = process.environ()
                    if instance := environ.get("WEBSITE_INSTANCE_ID"):  # one that is ending has nothing left of it
                        found.append(Server(process, instance, environ.get("MLFLOW_AZURE_IMAGE_DIGEST")))
        return found

    def kill_one(self) -> None:
        """End the server of one instance, without a chance to finish what it is doing."""
        self.servers()[0].process.kill()

    def roll_another_image_through(self) -> None:
        """Deploy an image that differs from the one that runs, and wait until no instance has the old one."""
        self.wait_for_all()  # one may have been killed a moment ago
        before = self.servers()
        assert self.cli("deploy", *self.options, "--docker-base-image", "python:3.11-bookworm").exit_code == 0

        def replaced() -> bool:
            now = self.servers()
            return len(now) == self.instances and not ({each.digest for each in before} & {each.digest for each in now})

        wait_until(replaced)


@dataclass(frozen=True)
class Server:
    """The process of an instance, and the digest of its image."""

    process: psutil.Process
    instance: str
    digest: str | None
