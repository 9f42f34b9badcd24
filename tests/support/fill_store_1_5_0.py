"""Fills a file store or server with the MLflow 1.5.0 client: experiments, runs, and whatever is rare in them.

    python fill_store_1_5_0.py URI RUNS METRICS STEPS

The ids of the experiments are printed: an ordinary one, a deleted one, and one that is full of rare things.
"""

import json
import sys

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

BATCH = 1000
LONG = "long " * 900


def ordinary(client: MlflowClient, experiment: str, number: int, metrics: int, steps: int) -> None:
    """A run with histories."""
    tags = {"mlflow.runName": f"run {number}", "mlflow.user": "someone", "team": "red"}
    run = client.create_run(experiment, start_time=1_600_000_000_000 + number, tags=tags).info.run_id
    points = [
        Metric(f"metric {each}", number + step / 7, 1_600_000_000_000 + step, step)
        for each in range(metrics)
        for step in range(steps)
    ]
    client.log_batch(run, params=[Param(f"param {each}", str(number * each)) for each in range(5)])
    for start in range(0, len(points), BATCH):
        client.log_batch(run, points[start : start + BATCH])
    client.set_terminated(run, "FINISHED", 1_600_000_100_000 + number)


def rare(client: MlflowClient, experiment: str) -> None:
    """Runs of which each is rare in some way."""
    parent = client.create_run(
        experiment, tags={"mlflow.runName": "Größe 統計 🚀", "mlflow.note.content": LONG}
    ).info.run_id
    child = client.create_run(
        experiment, tags={"mlflow.parentRunId": parent, "line and": "a\nb\r\n\\N \\t"}
    ).info.run_id
    for step, value in enumerate((float("inf"), float("-inf"), 1e-308, -0.0, 3, float("nan")), -3):
        client.log_metric(child, "odd/values and names", value, timestamp=5, step=step)
    for _ in range(3):
        client.log_metric(child, "repeated", 0.25, timestamp=1, step=1)
    client.log_param(child, "empty", "")
    client.log_param(child, "a/b/c", "value with  spaces")
    client.log_param(child, "k" * 240, "x" * 250)
    client.set_tag(child, "dotted.name", "")
    client.set_terminated(child, "FAILED", 77)
    gone = client.create_run(experiment, start_time=0).info.run_id
    client.log_metric(gone, "m", 1)
    client.delete_run(gone)
    client.set_terminated(client.create_run(experiment).info.run_id, "KILLED")


def main(uri: str, runs: int, metrics: int, steps: int) -> None:
    """Fill it."""
    client = MlflowClient(tracking_uri=uri)
    first = client.create_experiment("ordinary")
    deleted = client.create_experiment("to be deleted")
    odd = client.create_experiment("Übung 1/2 — 統計")
    client.set_experiment_tag(odd, "why", "Ärger\n")
    for number in range(runs):
        ordinary(client, first, number, metrics, steps)
    ordinary(client, deleted, 1, 2, 3)
    rare(client, odd)
    client.delete_experiment(deleted)
    print(json.dumps([first, deleted, odd]))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
