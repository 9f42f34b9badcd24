"""The environment of a Python program or notebook that logs to the deployed server."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from typing import Any

from mlflow_azure.client.command_line import answer, ask, start
from mlflow_azure.errors import MlflowAzureError

AGAIN_SECONDS = 60.0


def connect(**options: str) -> str:
    """Set the environment variables for MLflow to find the server and its artifacts, and to sign in if necessary.

    A token for a server with sign-in is renewed in the background: MLflow, even 1.5.0, reads it at each request.

    It runs the command line in a separate process: this process need not import the Azure SDK, which conflicts
    with the older one that MLflow 1.5.0 requires.

    Args:
        options: Options of the command line, such as `settings="mlflow-azure.env"`, `cloud="usgov"` or
            `rg_name="mlflow-rg"`. Without any, settings are found as the command line finds them.

    Returns:
        The tracking URI.

    Raises:
        MlflowAzureError: The server is not deployed, or Azure cannot be read; the hint says what to do.

    """
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    environment, token = start("env", "--show-secrets", *words), start("auth", "token", *words)
    variables = answer(environment)
    os.environ.update(variables)
    try:
        seconds = _set_token(answer(token))
    except MlflowAzureError as error:
        if error.code != "SignInNotEnabled":
            raise
    else:
        threading.Thread(target=_keep_signed_in, args=(words, seconds), daemon=True, name="sign-in").start()
    return str(variables["MLFLOW_TRACKING_URI"])


def _set_token(data: dict[str, Any]) -> float:
    """Make MLflow send the token, and return its lifetime in seconds."""
    os.environ["MLFLOW_TRACKING_TOKEN"] = data["token"]
    return (datetime.fromisoformat(data["expires_on"]) - datetime.now(UTC)).total_seconds()


def _keep_signed_in(words: list[str], seconds: float) -> None:
    """Renew the token after half of its lifetime, so that there is time to retry after a failure."""
    while True:
        time.sleep(max(1.0, seconds / 2))
        try:
            seconds = _set_token(ask("auth", "token", *words))
        except MlflowAzureError:
            seconds = AGAIN_SECONDS
