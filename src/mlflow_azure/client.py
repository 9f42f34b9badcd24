"""For Python programs and notebooks that log to the deployed server.

>>> import mlflow
>>> from mlflow_azure.client import connect
>>> connect()
>>> with mlflow.start_run():
...     mlflow.log_metric("rmse", 0.42)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from mlflow_azure.errors import MlflowAzureError


def connect(**options: str) -> str:
    """Set the environment variables by which MLflow finds the server and its artifacts.

    It asks the command line in a process of its own: this process need not import the Azure SDK, whose older packages
    MLflow 1.5.0 brings along.

    Args:
        options: The options of `mlflow-azure env`, such as `settings="mlflow-azure.env"`, `cloud="usgov"` or
            `rg_name="mlflow-rg"`. Without any, settings are found as the command line finds them.

    Returns:
        The tracking URI.

    Raises:
        MlflowAzureError: The server is not deployed, or Azure does not tell; the hint says what to do.

    """
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    done = subprocess.run(
        [sys.executable, "-m", "mlflow_azure", "env", "--show-secrets", "--output", "json", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise MlflowAzureError(
            f"reading what clients need: mlflow-azure env ended with {done.returncode}: {done.stderr.strip()}",
            hint="Run it in a terminal: mlflow-azure env",
        ) from None
    for error in answer["errors"]:
        raise MlflowAzureError(error["message"], hint=error["hint"], code=error["code"])
    os.environ.update(answer["data"])
    return str(answer["data"]["MLFLOW_TRACKING_URI"])
