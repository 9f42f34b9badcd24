"""Many clients of MLflow at once, each of which logs run after run. Runs in a Python that has MLflow, not in ours.

`python log_at_once_3.py URL EXPERIMENT CLIENTS PAUSE` prints a line for each run, with the seconds it took or "failed",
until its standard input ends, and at last one JSON document: how long all took, what clients failed with, and the runs
whose creation was repeated. Between two runs each client pauses so many seconds.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import count
from threading import Event, Thread
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

NUMBER = "load.number"
STEPS = 5
FIRST_SERVER_ERROR = 500


class Clients:
    """Clients that log runs, numbered from 0, to a new experiment."""

    def __init__(self, url: str, experiment: str) -> None:
        self.client = MlflowClient(url)
        self.experiment = self.client.create_experiment(experiment)
        self.numbers = count()
        self.failures: list[str] = []
        self.repeated: list[int] = []
        self.over = Event()

    def log_runs(self, pause: float) -> None:
        """Log one run after the other."""
        while not self.over.is_set():
            number, began = next(self.numbers), time.monotonic()
            try:
                self._log(number)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client failed
                self.failures.append(f"{number}: {error!r}")
                print("failed", flush=True)
            else:
                print(f"{time.monotonic() - began:.3f}", flush=True)
            self.over.wait(pause)

    def _log(self, number: int) -> None:
        run = self._create(number).info.run_id
        metrics = [Metric("loss", number + step / 10, 1, step) for step in range(STEPS)]
        self.client.log_batch(run, metrics, [Param("number", str(number))], [RunTag("kind", "load")])
        self.client.set_terminated(run)

    def _create(self, number: int) -> Any:
        """Create a run, once.

        Since 3.18 MLflow's client repeats every request but those that create something, when the answer is 502 or 503:
        it cannot know whether that was done. Whoever gave the run a tag of its own can.
        """
        tag = {NUMBER: str(number)}
        while True:
            try:
                return self.client.create_run(self.experiment, tags=tag)
            except MlflowException as error:
                if error.get_http_status_code() < FIRST_SERVER_ERROR:
                    raise
            self.repeated.append(number)
            if there := self.client.search_runs([self.experiment], f"tags.`{NUMBER}` = '{number}'"):
                return there[0]


def main(url: str, experiment: str, many: int, pause: float) -> None:
    """Log runs until standard input ends."""
    clients = Clients(url, experiment)
    threads = [Thread(target=clients.log_runs, args=(pause,)) for _ in range(many)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    sys.stdin.read()
    clients.over.set()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    end = {"seconds": seconds, "runs": next(clients.numbers)}
    print(json.dumps({**end, "failures": clients.failures, "repeated": clients.repeated}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
