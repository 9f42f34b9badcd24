"""The answers of `mlflow-azure local-run`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from mlflow_azure.cli.answer import Answer
from mlflow_azure.console.exports import default_shell, exports
from mlflow_azure.secret import Secret

DEFAULT_NAME = "mlflow-local"


def named(name: str) -> str:
    """The option that selects the server, unless it has the default name."""
    return "" if name == DEFAULT_NAME else f" --name {name}"


@dataclass(frozen=True)
class LocalImage:
    """The image that runs: its `reference`."""

    reference: str


@dataclass(frozen=True)
class LocalStorage:
    """Where artifacts are stored.

    Attributes:
        kind: azurite (on this machine) or azure.
        account: The storage account.
        container: The blob container.

    """

    kind: str
    account: str
    container: str


@dataclass(frozen=True)
class LocalDatabase:
    """Where MLflow 3 stores runs, models and traces.

    Attributes:
        kind: sqlite (a file) or postgres (PostgreSQL in its own container).
        volume: The volume with its data.

    """

    kind: str
    volume: str


@dataclass(frozen=True)
class LocalRunAnswer(Answer):
    """A server on this machine.

    Attributes:
        url: URL of the server.
        tracking_uri: What clients set as MLFLOW_TRACKING_URI.
        container: Name of the container.
        image: The image that it runs.
        storage: Where artifacts are stored.
        database: Where runs are stored; null for MLflow 1.5.0, which uses files.
        environment: The environment variables of a client, by name; secrets are "(secret)".

    """

    url: str
    tracking_uri: str
    container: str
    image: LocalImage
    storage: LocalStorage
    database: LocalDatabase | None
    environment: Mapping[str, str | Secret]

    def text(self) -> str:
        """Text for a shell to evaluate: eval "$(mlflow-azure local-run --detach)"."""
        lines = [
            f"# MLflow answers at {self.url} (container {self.container})",
            f"# Stop it: mlflow-azure local-run --stop{named(self.container)}",
            exports(
                self.environment,
                default_shell(sys.platform),
                instead=f"is that of storage account {self.storage.account}, a secret",
            ),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class LocalRunStopAnswer(Answer):
    """With --stop: whether the server was running, and the name of its container."""

    stopped: bool
    container: str

    def text(self) -> str:
        return f"The server {self.container} {'is stopped; its data stays' if self.stopped else 'was not running'}."
