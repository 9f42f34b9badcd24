"""With the client of MLflow 1.5.0, or today's: does what clients do, one thing after another, on the connected server.

The last line that it prints is a JSON object: by what was done, null, or why it did not work.
"""

import json
import tempfile
from pathlib import Path

import mlflow
import mlflow.pyfunc
from mlflow.tracking import MlflowClient

OLD = mlflow.__version__.startswith("1.")
NAME = f"client {mlflow.__version__}"
TEXT = "kept\n"

client = MlflowClient()
results: dict[str, str | None] = {}


class Doubled(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # of another environment
    def predict(self, context: object, model_input: list[int], params: object = None) -> list[int]:
        return [2 * value for value in model_input]


def runs() -> None:
    mlflow.set_experiment(NAME)
    with mlflow.start_run() as run:
        mlflow.log_param("alpha", 0.5)
        mlflow.log_metric("loss", 2.0, step=0)
        mlflow.log_metric("loss", 1.0, step=1)
        mlflow.set_tag("owner", "a team")
    logged = client.get_run(run.info.run_id)
    assert (logged.data.params, logged.data.metrics) == ({"alpha": "0.5"}, {"loss": 1.0})
    assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [2.0, 1.0]


def search() -> None:
    experiment = client.get_experiment_by_name(NAME).experiment_id
    (found,) = client.search_runs([experiment], "metrics.loss < 1.5 and params.alpha = '0.5'")
    client.delete_run(found.info.run_id)
    assert client.search_runs([experiment], "metrics.loss < 1.5") == []
    client.restore_run(found.info.run_id)
    assert len(client.search_runs([experiment], "metrics.loss < 1.5")) == 1


def experiments() -> None:
    listed = client.list_experiments() if OLD else client.search_experiments()
    assert NAME in {each.name for each in listed}


def artifacts() -> None:
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes.txt"
        notes.write_text(TEXT)
        mlflow.log_artifact(str(notes))
        assert [each.path for each in client.list_artifacts(run.info.run_id)] == ["notes.txt"]
        assert Path(client.download_artifacts(run.info.run_id, "notes.txt", folder)).read_text() == TEXT


def model() -> None:
    where = {"artifact_path": "model", "conda_env": {}} if OLD else {"name": "model", "pip_requirements": []}
    with mlflow.start_run() as run:
        logged = mlflow.pyfunc.log_model(python_model=Doubled(), **where)
    uri = f"runs:/{run.info.run_id}/model" if OLD else logged.model_uri
    assert mlflow.pyfunc.load_model(uri).predict([1, 2]) == [2, 4]


def registry() -> None:
    client.create_registered_model(NAME)
    run = client.create_run("0").info.run_id
    version = client.create_model_version(NAME, f"runs:/{run}/model", run)
    if not OLD:
        client.set_registered_model_alias(NAME, "champion", version.version)
        assert client.get_model_version_by_alias(NAME, "champion").version == version.version


def traces() -> None:
    if OLD:
        raise AttributeError("this client has no traces")
    with mlflow.start_span("predict") as span:
        span.set_outputs(TEXT)
    mlflow.flush_trace_async_logging()
    experiment = client.get_experiment_by_name(NAME).experiment_id
    (found,) = mlflow.search_traces(locations=[experiment], return_type="list")
    assert [each.name for each in found.data.spans] == ["predict"]


for operation in (runs, search, experiments, artifacts, model, registry, traces):
    try:
        operation()
    except Exception as error:  # noqa: BLE001 -- what clients raise is what is asked
        results[operation.__name__] = f"{type(error).__name__}: {error}"
        if mlflow.active_run():
            mlflow.end_run()
    else:
        results[operation.__name__] = None
print(f"\n{json.dumps(results)}")
