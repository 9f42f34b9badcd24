"""Many clients of MLflow at once, each of which logs run after run. Runs in a Python that has MLflow, not in ours.

`python clients.py URL EXPERIMENT CLIENTS RUNS` prints a line for each run that is logged, with the seconds it took, and
at last one JSON document: how many seconds all took, and what each client failed with. MLflow's own client is used, and
tries again what a server that goes away leaves unanswered.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

NUMBER = "load.number"
STEPS = 5


def main(url: str, experiment: str, clients: int, runs: int) -> None:
    """Log the runs, numbered from 0."""
    client = MlflowClient(url)
    made = client.create_experiment(experiment)
    failures: list[str] = []

    def log(number: int) -> None:
        began = time.monotonic()
        try:
            run = client.create_run(made, tags={NUMBER: str(number)}).info.run_id
            metrics = [Metric("loss", number + step / 10, 1, step) for step in range(STEPS)]
            client.log_batch(run, metrics, [Param("number", str(number))], [RunTag("kind", "load")])
            client.set_terminated(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client failed
            failures.append(f"{number}: {error!r}")
        else:
            print(f"{time.monotonic() - began:.3f}", flush=True)

    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(log, range(runs)))
    print(json.dumps({"seconds": time.monotonic() - began, "failures": failures}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
