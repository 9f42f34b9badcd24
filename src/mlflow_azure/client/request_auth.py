"""MLflow plugin for a server with Microsoft Entra sign-in: each request gets a token with some minutes left.

MLflow 2.8 and later ask the plugin that MLFLOW_TRACKING_AUTH names, at each request
(https://mlflow.org/docs/latest/ml/plugins/, `mlflow.request_auth_provider`). `mlflow-azure env` sets what it needs:

    MLFLOW_TRACKING_AUTH=mlflow-azure
    MLFLOW_TRACKING_URI       the server, the only one to which a token is sent
    MLFLOW_AZURE_CLIENT_ID    the app registration that the token is for
    MLFLOW_AZURE_CLOUD        the cloud, as for `--cloud`

Older versions, 1.5.0 among them, read MLFLOW_TRACKING_TOKEN, which `mlflow_azure.client.connect` keeps fresh.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from mlflow_azure.client.command_line import ask
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from requests import PreparedRequest

NAME = "mlflow-azure"
RENEW_SECONDS = 300.0
"""A token is renewed when this much of its lifetime is left, or a fifth of it if that is less."""


class RequestAuth:
    """The plugin."""

    def __init__(self) -> None:
        self._auth: BearerAuth | None = None

    def get_name(self) -> str:
        """The value of MLFLOW_TRACKING_AUTH for this plugin."""
        return NAME

    def get_auth(self) -> AuthBase:
        """Return the authenticator of MLflow's requests, the same one for the whole process.

        Raises:
            MlflowAzureError: The environment does not name a server.

        """
        if self._auth is None:
            missing = [name for name in ("MLFLOW_TRACKING_URI", "MLFLOW_AZURE_CLIENT_ID") if not os.environ.get(name)]
            if missing:
                raise MlflowAzureError(
                    f"signing in to the MLflow server: {' and '.join(missing)} not set",
                    hint='eval "$(mlflow-azure env --show-secrets)"',
                    code="NotConnected",
                )
            server, client_id = os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_AZURE_CLIENT_ID"]
            self._auth = BearerAuth(server, Tokens(client_id, os.environ.get("MLFLOW_AZURE_CLOUD", "public")))
        return self._auth


class BearerAuth(AuthBase):
    """Adds a token to requests to one server only: anyone who receives it could use the server."""

    def __init__(self, server: str, tokens: Tokens) -> None:
        self._server = server.rstrip("/") + "/"
        self._tokens = tokens

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add a token to a request. Raises MlflowAzureError if there is none."""
        if str(request.url).startswith(self._server):
            request.headers["Authorization"] = f"Bearer {self._tokens.value()}"
        return request


@dataclass
class Tokens:
    """Tokens for an app registration in a cloud, renewed on demand. Thread-safe."""

    client_id: str
    cloud: str
    _value: str = ""
    _renew_at: float = 0.0  # Unix time

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def value(self) -> str:
        """Return a token with some minutes left. Raises MlflowAzureError if there is none."""
        with self._lock:
            if time.time() >= self._renew_at:
                found = ask("auth", "token", "--client-id", self.client_id, "--cloud", self.cloud)
                ends = datetime.fromisoformat(found["expires_on"]).timestamp()
                self._value = str(found["token"])
                self._renew_at = ends - min(RENEW_SECONDS, (ends - time.time()) / 5)
            return self._value
