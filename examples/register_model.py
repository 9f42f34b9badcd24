"""Logs a model, registers it, gives it an alias, loads it by that alias, and finds the trace of a prediction.

    eval "$(mlflow-azure env)"
    python register_model.py

For MLflow 3, server and client. No key is needed: the server keeps the model's files.
"""

from __future__ import annotations

import mlflow
import mlflow.sklearn
import sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

EXPERIMENT = "diabetes"
MODEL = "diabetes"
ALIAS = "champion"


def main() -> None:
    """Register a model, predict with it as loaded from the server, and find the trace of the prediction."""
    experiment = mlflow.set_experiment(EXPERIMENT)
    train_x, test_x, train_y, test_y = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    version = register(Ridge(alpha=0.1).fit(train_x, train_y), test_x, test_y)
    print(f"version {version} of model {MODEL} is the {ALIAS}")

    model = mlflow.sklearn.load_model(f"models:/{MODEL}@{ALIAS}")

    @mlflow.trace
    def predict(patient: list[float]) -> float:
        return float(model.predict([patient])[0])

    print(f"predicted {predict(test_x[0].tolist()):.1f} with the model loaded by its alias")
    mlflow.flush_trace_async_logging()
    traces = mlflow.search_traces(locations=[experiment.experiment_id], max_results=10, return_type="list")
    trace = {each.info.trace_id: each for each in traces}[mlflow.get_last_active_trace_id()]
    print(f"trace     {trace.info.trace_id}: {trace.data.spans[0].name} → {trace.data.spans[0].outputs:.1f}")

    url = mlflow.get_tracking_uri()
    print(f"model     {url}/#/models/{MODEL}")
    print(f"traces    {url}/#/experiments/{experiment.experiment_id}/traces")


def register(model: Ridge, test_x: list, test_y: list) -> str:
    """Log the model in a run of its own, register it, and return its version."""
    with mlflow.start_run():
        mlflow.log_metric("r2", float(model.score(test_x, test_y)))
        # Given explicitly: MLflow would infer it by importing the model in another process.
        requirements = [f"scikit-learn=={sklearn.__version__}"]
        logged = mlflow.sklearn.log_model(
            model, name="model", registered_model_name=MODEL, pip_requirements=requirements
        )
    version = str(logged.registered_model_version)
    MlflowClient().set_registered_model_alias(MODEL, ALIAS, version)
    return version


if __name__ == "__main__":
    main()
