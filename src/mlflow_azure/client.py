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
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from mlflow_azure.errors import MlflowAzureError

AGAIN_SECONDS = 60.0


def connect(**options: str) -> str:
    """Set the environment variables by which MLflow finds the server and its artifacts, and signs in where it has to.

    A token for a server with sign-in is renewed in the background: MLflow, 1.5.0 too, reads it at each request.

    It asks the command line, in a process of its own: this process need not import the Azure SDK, which gets in the way
    of the older one that MLflow 1.5.0 brings along.

    Args:
        options: Options of the command line, such as `settings="mlflow-azure.env"`, `cloud="usgov"` or
            `rg_name="mlflow-rg"`. Without any, settings are found as the command line finds them.

    Returns:
        The tracking URI.

    Raises:
        MlflowAzureError: The server is not deployed, or Azure does not tell; the hint says what to do.

    """
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    environment, token = _start("env", "--show-secrets", *words), _start("auth", "token", *words)
    variables = _answer(environment)
    os.environ.update(variables)
    try:
        seconds = _set_token(_answer(token))
    except MlflowAzureError as error:
        if error.code != "SignInNotEnabled":
            raise
    else:
        threading.Thread(target=_keep_signed_in, args=(words, seconds), daemon=True, name="sign-in").start()
    return str(variables["MLFLOW_TRACKING_URI"])


def ask(*words: str) -> dict[str, Any]:
    """The data that a command of `mlflow-azure` answers with. Raises MlflowAzureError where it fails."""
    return _answer(_start(*words))


def _start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_command(), *words, "--output", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _command() -> list[str]:
    """The command line: that of this environment where it is complete, else the one on PATH.

    Beside MLflow 1.5.0 only the package itself can be installed (pip install --no-deps).
    """
    if find_spec("typer"):
        return [sys.executable, "-m", "mlflow_azure"]
    installed = shutil.which("mlflow-azure")
    if installed is None:
        raise MlflowAzureError(
            "asking the command line: mlflow-azure is not on PATH",
            hint="pipx install mlflow-azure",
            code="NotInstalled",
        )
    return [installed]


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The data of a command's answer. Raises MlflowAzureError where it failed."""
    output, errors = process.communicate()
    try:
        answer = json.loads(output)
    except ValueError:
        raise MlflowAzureError(
            f"asking the command line: it ended with {process.returncode}: {errors.strip()}",
            hint="Run it in a terminal: mlflow-azure env",
        ) from None
    for error in answer["errors"]:
        raise MlflowAzureError(error["message"], hint=error["hint"], code=error["code"])
    data: dict[str, Any] = answer["data"]
    return data


def _set_token(data: dict[str, Any]) -> float:
    """Let MLflow send the token; the seconds that it lasts."""
    os.environ["MLFLOW_TRACKING_TOKEN"] = data["token"]
    return (datetime.fromisoformat(data["expires_on"]) - datetime.now(UTC)).total_seconds()


def _keep_signed_in(words: list[str], seconds: float) -> None:
    """Renew the token when half of its time is over, so that a failure can be made good."""
    while True:
        time.sleep(max(1.0, seconds / 2))
        try:
            seconds = _set_token(ask("auth", "token", *words))
        except MlflowAzureError:
            seconds = AGAIN_SECONDS
