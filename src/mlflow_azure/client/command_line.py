"""Runs the command line in a separate process, so that a program with MLflow need not import the Azure SDK."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from mlflow_azure.errors import MlflowAzureError


def ask(*words: str) -> dict[str, Any]:
    """Return the data of an `mlflow-azure` command. Raises MlflowAzureError if it fails."""
    return answer(start(*words))


def start(*words: str) -> subprocess.Popen[str]:
    """Start the command, with JSON output. Raises MlflowAzureError if it is not installed."""
    return subprocess.Popen(
        [*_command(), *words, "--output", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _command() -> list[str]:
    """Return the command line: this environment's if it is complete, or else the one on PATH.

    Next to MLflow 1.5.0, only the package itself can be installed (pip install --no-deps).
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
    """Return the data of a command's answer. Raises MlflowAzureError if it failed."""
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
