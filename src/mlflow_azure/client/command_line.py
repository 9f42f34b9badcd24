"""Asks the command line, in a process of its own: so a program beside MLflow need not import the Azure SDK."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from mlflow_azure.errors import MlflowAzureError


def ask(*words: str) -> dict[str, Any]:
    """The data that a command of `mlflow-azure` answers with. Raises MlflowAzureError where it fails."""
    return answer(start(*words))


def start(*words: str) -> subprocess.Popen[str]:
    """The command as a running process, which answers in JSON. Raises MlflowAzureError where there is none."""
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


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The data of a command's answer. Raises MlflowAzureError where it failed."""
    output, errors = process.communicate()
    try:
        document = json.loads(output)
    except ValueError:
        raise MlflowAzureError(
            f"asking the command line: it exited with {process.returncode}: {errors.strip()}",
            hint="Run it in a terminal: mlflow-azure env",
        ) from None
    for error in document["errors"]:
        raise MlflowAzureError(error["message"], hint=error["hint"], code=error["code"])
    data: dict[str, Any] = document["data"]
    return data
