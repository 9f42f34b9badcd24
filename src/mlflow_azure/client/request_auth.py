"""MLflow's plugin for a server with Microsoft Entra sign-in: each request gets a token with some minutes left.

MLflow 2.8 and later ask the plugin that MLFLOW_TRACKING_AUTH names, at each request
(https://mlflow.org/docs/latest/ml/plugins/, `mlflow.request_auth_provider`). `mlflow-azure env` sets what it needs:

    MLFLOW_TRACKING_AUTH=mlflow-azure
    MLFLOW_TRACKING_URI       the server, the only one that is sent a token
    MLFLOW_AZURE_CLIENT_ID    the app registration that the token is for
    MLFLOW_AZURE_CLOUD        where, as `--cloud` wants it

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
"""A token is renewed when as much of its time is left, or a fifth of it where that is less."""


class RequestAuth:
    """The plugin."""

    def __init__(self) -> None:
        self._auth: BearerAuth | None = None

    def get_name(self) -> str:
        """What MLFLOW_TRACKING_AUTH says where this plugin is meant."""
        return NAME

    def get_auth(self) -> AuthBase:
        """What signs MLflow's requests, one and the same as long as the process lives.

        Raises:
            MlflowAzureError: The environment does not say for which server.

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
    """Adds a token to the requests to one server, and to no other: who is sent one can use the server with it."""

    def __init__(self, server: str, tokens: Tokens) -> None:
        self._server = server.rstrip("/") + "/"
        self._tokens = tokens

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign one request. Raises MlflowAzureError where there is no token to be had."""
        if str(request.url).startswith(self._server):
            request.headers["Authorization"] = f"Bearer {self._tokens.value()}"
        return request


@dataclass
class Tokens:
    """Tokens for an app registration in a cloud, renewed as they are asked for. Any thread may ask."""

    client_id: str
    cloud: str
    _value: str = ""
    _renew_at: float = 0.0  # Unix time

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def value(self) -> str:
        """A token with some minutes left. Raises MlflowAzureError where there is none to be had."""
        with self._lock:
            if time.time() >= self._renew_at:
                found = ask("auth", "token", "--client-id", self.client_id, "--cloud", self.cloud)
                ends = datetime.fromisoformat(found["expires_on"]).timestamp()
                self._value = str(found["token"])
                self._renew_at = ends - min(RENEW_SECONDS, (ends - time.time()) / 5)
            return self._value
