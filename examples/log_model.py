"""Logs a run with a scikit-learn model, and predicts with the stored model.

    eval "$(mlflow-azure env --show-secrets)"
    python log_model.py

Works with MLflow 1.5.0 and later clients. The model is saved locally and logged as artifacts: `log_model` of MLflow 3
calls APIs that MLflow 1.5.0 does not have.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import mlflow
import mlflow.sklearn
import sklearn
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

EXPERIMENT = "diabetes"
ALPHAS = (0.01, 0.1, 1.0)
# Given explicitly: later clients would infer it by importing the model in another process.
ENVIRONMENT = {
    "name": "diabetes",
    "channels": ["conda-forge"],
    "dependencies": [f"scikit-learn={sklearn.__version__}"],
}


def main() -> None:
    """Log a run for each alpha, then predict with the best model."""
    mlflow.set_experiment(EXPERIMENT)
    data = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    scores = {train(alpha, data): alpha for alpha in ALPHAS}
    (score, run_id), alpha = max(scores.items())
    with tempfile.TemporaryDirectory() as folder:
        model = mlflow.sklearn.load_model(MlflowClient().download_artifacts(run_id, "model", folder))
        prediction = model.predict(data[1][:1])
    print(f"{len(ALPHAS)} runs in experiment {EXPERIMENT}, the best with alpha {alpha}: R² {score:.3f}")
    print(f"predicted {prediction[0]:.1f} with the model of run {run_id}")


def train(alpha: float, data: list) -> tuple[float, str]:
    """Log a run, and return its score and its ID."""
    train_x, test_x, train_y, test_y = data
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        model = Ridge(alpha=alpha).fit(train_x, train_y)
        score = float(model.score(test_x, test_y))
        mlflow.log_param("alpha", alpha)
        mlflow.log_metric("r2", score)
        saved = str(Path(folder) / "model")
        mlflow.sklearn.save_model(model, saved, conda_env=ENVIRONMENT)
        mlflow.log_artifacts(saved, "model")
    return score, run.info.run_id


if __name__ == "__main__":
    main()
