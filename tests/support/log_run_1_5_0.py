"""Logs a run with the MLflow 1.5.0 client to the server whose URL is the argument, and reads it all back."""

import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient


def main(url: str) -> None:
    mlflow.set_tracking_uri(url)
    client = MlflowClient()
    experiment = client.create_experiment("end to end")
    mlflow.set_experiment("end to end")

    with tempfile.TemporaryDirectory() as directory, mlflow.start_run(run_name="first") as run:
        mlflow.log_param("alpha", 0.5)
        mlflow.log_params({"beta": 1, "path": "../data/train.csv"})
        mlflow.log_metric("loss", 2.0, step=0)
        mlflow.log_metric("loss", 1.0, step=1)
        mlflow.log_metrics({"accuracy": 0.9})
        mlflow.set_tag("owner", "a team")
        (Path(directory) / "model.txt").write_text("weights")
        (Path(directory) / "sub").mkdir()
        (Path(directory) / "sub" / "notes.txt").write_text("notes")
        mlflow.log_artifact(str(Path(directory) / "model.txt"))
        mlflow.log_artifacts(directory, "all")
    run_id = run.info.run_id

    finished = client.get_run(run_id)
    assert finished.info.status == "FINISHED"
    assert finished.info.experiment_id == experiment
    assert finished.data.params == {"alpha": "0.5", "beta": "1", "path": "../data/train.csv"}
    assert finished.data.metrics == {"loss": 1.0, "accuracy": 0.9}
    assert finished.data.tags["owner"] == "a team"
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "loss")] == [(0, 2.0), (1, 1.0)]

    assert [f.path for f in client.list_artifacts(run_id)] == ["all", "model.txt"]
    assert [f.path for f in client.list_artifacts(run_id, "all")] == ["all/model.txt", "all/sub"]
    downloaded = Path(client.download_artifacts(run_id, "all"))
    assert (downloaded / "sub" / "notes.txt").read_text() == "notes"

    assert [r.info.run_id for r in client.search_runs([experiment], "metrics.loss < 1.5")] == [run_id]
    assert client.search_runs([experiment], "params.alpha = '0.1'") == []
    assert list(mlflow.search_runs([experiment])["run_id"]) == [run_id]

    client.delete_run(run_id)
    assert client.search_runs([experiment]) == []
    client.restore_run(run_id)
    client.rename_experiment(experiment, "renamed")
    assert client.get_experiment(experiment).name == "renamed"
    client.delete_experiment(experiment)
    assert [e.name for e in client.list_experiments()] == ["Default"]
    client.restore_experiment(experiment)
    assert len(client.list_experiments(ViewType.ALL)) == 2
    print(run_id)


main(sys.argv[1])
