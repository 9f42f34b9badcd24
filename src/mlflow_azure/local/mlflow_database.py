"""The database of MLflow 3 in a local run: a file in a volume, or its own PostgreSQL.

Neither is used by a local run of MLflow 1.5.0, whose volume is not changed.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlflow_azure.engine.node import Given, Report, Task
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.image.context import BuildContext
from mlflow_azure.image.docker_engine import talking
from mlflow_azure.local.containers import ContainerSpec
from mlflow_azure.local.log import refuse_ended
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Action
    from mlflow_azure.local.containers import Containers
    from mlflow_azure.local.images import Builder

MOUNT_POINT = "/data"
_POSTGRES_CONTEXT = Path(__file__).with_name("postgres")
_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 -- the name of a variable
_IS_READY = ["sh", "-c", "/usr/lib/postgresql/*/bin/pg_isready -q -h localhost"]
_POLL_SECONDS = 0.2
_START_SECONDS = 60


class Database(Protocol):
    """A database of MLflow 3."""

    @property
    def volume(self) -> str:
        """Name of the volume with its data."""

    @property
    def server_volume(self) -> str | None:
        """Return the volume that the server's container needs for it."""

    @property
    def tasks(self) -> tuple[Postgres, ...]:
        """Return the steps before the server starts."""

    @property
    def uri(self) -> Secret:
        """Return the server's environment variables for it, once the steps are done."""


class Sqlite:
    """A file in a volume, opened by the server itself."""

    def __init__(self, containers: Containers) -> None:
        self.volume = f"{containers.name}-sqlite"
        self.server_volume = self.volume

    @property
    def tasks(self) -> tuple[Postgres, ...]:
        """Return none: MLflow creates the file."""
        return ()

    @property
    def uri(self) -> Secret:
        """Return the file's path, without a password."""
        return Secret(f"sqlite:///{MOUNT_POINT}/mlflow.db")


class Postgres(Task):
    """PostgreSQL in a container that only the server's container can reach, without a port on this machine.

    Args:
        arguments: Build arguments of its image.
        builder: Builds its image.

    """

    kind = "database"
    server_volume = None

    def __init__(
        self, containers: Containers, *, arguments: Mapping[str, str], builder: Builder, deadline: Deadline
    ) -> None:
        super().__init__("PostgreSQL")
        self.volume = f"{containers.name}-postgres"
        self._containers = containers
        self._context = BuildContext(_POSTGRES_CONTEXT, arguments)
        self._builder = builder
        self._deadline = deadline
        self._host = f"{containers.name}-postgres"
        self._password = Secret("")

    @property
    def tasks(self) -> tuple[Postgres, ...]:
        """Return itself."""
        return (self,)

    @property
    def uri(self) -> Secret:
        """Return the URI with its name in the run's network, which does not leave this machine."""
        return Secret(f"postgresql://mlflow:{self._password.reveal()}@{self._host}/mlflow?sslmode=disable")

    def run(self, given: Given, report: Report) -> Action:
        """Build its image, start it, and wait until it accepts connections, as far as necessary."""
        image = f"mlflow-azure-postgres:{self._context.tag}"
        self._builder(image, self._context, report)
        self._password = self._given_password() or Secret(secrets.token_urlsafe(24))
        action = self._containers.ensure(
            ContainerSpec(
                name=self._host,
                image=image,
                volume=self.volume,
                mount_point=MOUNT_POINT,
                container_port=5432,
                port=None,
                environment={_PASSWORD: self._password.reveal()},
                uses_proxy=False,
            )
        )
        self._wait()
        return action

    def _given_password(self) -> Secret | None:
        """Return the password of the existing container: a new one would replace it, and the server too."""
        found = self._containers.find(self._host)
        entries = found.attrs["Config"]["Env"] if found else ()
        return next(
            (Secret(value) for name, _, value in (e.partition("=") for e in entries) if name == _PASSWORD), None
        )

    def _wait(self) -> None:
        def ready() -> bool | None:
            found = self._containers.find(self._host)
            if found and found.status == "running":
                with talking(f"asking PostgreSQL in container {self._host}"):
                    if found.exec_run(_IS_READY).exit_code == 0:
                        return True
            else:
                refuse_ended(self._containers, self._host)
            return None

        if not self._deadline.poll(ready, every=_POLL_SECONDS, patience=_START_SECONDS):
            raise MlflowAzureError(
                f"starting PostgreSQL: it did not accept connections within {_START_SECONDS} seconds",
                hint=f"See why: docker logs {self._host}",
                code="PostgresFailed",
            )
