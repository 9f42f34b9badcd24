"""Logs a run with params, a metric's history and an artifact, and reads them back.

    eval "$(mlflow-azure env --show-secrets)"
    python log_run.py

Works with MLflow 1.5.0 and later clients. With a server of MLflow 1.5.0 it needs the connection string of the storage
account, because that does not hand artifacts through the server.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

EXPERIMENT = "demo"


def main() -> None:
    """Log the run, and print its URL."""
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        mlflow.log_param("alpha", 0.5)
        for step in range(10):
            mlflow.log_metric("rmse", 1 / (step + 1), step=step)
        notes = Path(folder) / "notes.txt"
        notes.write_text("Logged to blob storage.\n")
        mlflow.log_artifact(str(notes))

    client = MlflowClient()
    logged = client.get_run(run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "rmse")
    artifact = client.download_artifacts(run.info.run_id, "notes.txt")
    print(f"run {logged.info.run_id} in experiment {EXPERIMENT}")
    print(f"params   {logged.data.params}")
    print(f"metrics  {logged.data.metrics}, {len(history)} steps")
    print(f"artifact {logged.info.artifact_uri}/notes.txt: {Path(artifact).read_text().strip()}")
    print(f"see      {mlflow.get_tracking_uri()}/#/experiments/{logged.info.experiment_id}/runs/{logged.info.run_id}")


if __name__ == "__main__":
    main()
