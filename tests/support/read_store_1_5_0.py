"""Reads all that a tracking server or file store holds with the MLflow 1.5.0 client, and prints it as JSON."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient


def artifacts(client: MlflowClient, run_id: str, path: str | None = None) -> dict[str, str]:
    """SHA-256 of each artifact below a path."""
    found = {}
    for each in client.list_artifacts(run_id, path):
        if each.is_dir:
            found.update(artifacts(client, run_id, each.path))
        else:
            with tempfile.TemporaryDirectory() as directory:
                content = Path(client.download_artifacts(run_id, each.path, dst_path=directory)).read_bytes()
            found[each.path] = hashlib.sha256(content).hexdigest()
    return found


def run_as_json(client: MlflowClient, run: object) -> dict[str, object]:
    """A run with its whole histories, without the address of its artifacts."""
    info = {name: value for name, value in dict(run.info).items() if name != "artifact_uri"}  # type: ignore[attr-defined]
    data = run.data  # type: ignore[attr-defined]
    run_id = info["run_id"]
    histories = {
        key: [[m.step, m.timestamp, repr(m.value)] for m in client.get_metric_history(run_id, key)]
        for key in data.metrics
    }
    return {
        "info": info,
        "params": data.params,
        "tags": data.tags,
        "metrics": histories,
        "artifacts": artifacts(client, run_id),
    }


def main(uri: str) -> None:
    client = MlflowClient(tracking_uri=uri)
    found: dict[str, object] = {}
    for experiment in client.list_experiments(ViewType.ALL):
        number = experiment.experiment_id
        deleted = experiment.lifecycle_stage
        runs = client.search_runs([number], run_view_type=ViewType.ALL, max_results=1000)
        found[number] = [experiment.name, deleted, {run.info.run_id: run_as_json(client, run) for run in runs}]
    print(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1])
