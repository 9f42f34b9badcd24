"""The steps of `local-run`, for the engine.

    image ───────┐
    storage ─────┼─→ container ─→ MLflow server
    PostgreSQL ──┘   (MLflow 3 with --postgres)

The first ones are independent and run in parallel. Each step finds out by itself whether there is anything
to do, so a second run changes nothing, and a run after a crash continues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.engine import Execution, Plan
from mlflow_azure.engine.node import Check
from mlflow_azure.events import Action, Step
from mlflow_azure.local.artifact_store import Azurite
from mlflow_azure.local.containers import Containers, is_used, port_in_use
from mlflow_azure.local.images import Builder, Image
from mlflow_azure.local.log import follow
from mlflow_azure.local.mlflow_container import Answers, ServerContainer
from mlflow_azure.local.mlflow_database import Postgres, Sqlite
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.engine.node import Node
    from mlflow_azure.events import Event
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.local.artifact_store import AzureStorage, Storage
    from mlflow_azure.local.mlflow_database import Database
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class LocalRun:
    """A server on this machine and its parts, created by `prepare`. MLflow 1.5.0 has no database."""

    containers: Containers
    port: int
    image: Image
    storage: Storage
    database: Database | None
    container: ServerContainer
    answers: Answers
    deadline: Deadline

    def check(self) -> None:
        """Refuse what cannot work, before anything is built.

        Raises:
            ContainerEngineError: The name is someone else's, or the port is in use.

        """
        found = self.containers.find(self.containers.name)
        if not (found and found.status == "running") and is_used(self.port):
            raise port_in_use(self.port)

    def events(self) -> Iterator[Event]:
        """Carry it out, yielding events.

        Raises:
            MlflowAzureError: It failed.

        """
        tasks = self.database.tasks if self.database else ()
        nodes: tuple[Node, ...] = (self.image, self.storage, *tasks, self.container, self.answers)
        steps = {
            node: Step(node.key, node.kind, node.name, Action.CHECK if isinstance(node, Check) else Action.CREATE)
            for node in nodes
        }
        return Execution(Plan(nodes, {}, steps), self.deadline).events()

    def log(self) -> Iterator[str]:
        """Yield the server's log, line by line, until its container ends. Raises ContainerEngineError."""
        found = self.containers.find(self.containers.name)
        return follow(found) if found else iter(())

    def exit_code(self) -> int:
        """Return the exit code of the server's container; 0 if it was removed."""
        found = self.containers.find(self.containers.name)
        return int(found.attrs["State"]["ExitCode"]) if found else 0

    def client_environment(self) -> dict[str, str | Secret]:
        """Return the environment variables of a client. MLflow 3 passes artifacts through the server."""
        storage = {} if self.database else {"AZURE_STORAGE_CONNECTION_STRING": self.storage.for_clients}
        return {"MLFLOW_TRACKING_URI": self.container.url, **storage}


def prepare(
    engine: DockerClient,
    name: str,
    settings: Settings,
    context: BuildContext,
    *,
    port: int,
    account: AzureStorage | None,
    postgres: bool,
    build_ca: bytes | None,
    deadline: Deadline,
) -> LocalRun:
    """Return the parts of a local run, without doing anything yet.

    Args:
        name: Name of the server's container, and prefix of the names of network, volumes and Azurite's container.
        settings: The server's settings.
        context: The build context of the image.
        port: The server's port on this machine.
        account: The storage account for artifacts; None for its own Azurite.
        postgres: Whether MLflow 3 gets its own PostgreSQL instead of a file.
        build_ca: Certificates (PEM) that builds trust.

    """
    containers = Containers(engine, name)
    builder = Builder(engine, deadline, build_ca)
    image = Image(settings.docker_image_name, context, builder)
    is_3 = settings.mlflow_version == POSTGRES
    storage = account or Azurite(
        containers,
        settings.storage_container_name,
        volume=f"{name}-artifacts-3" if is_3 else f"{name}-artifacts",
        arguments=context.arguments,
        builder=builder,
        deadline=deadline,
    )
    database: Database | None = None
    if is_3 and postgres:
        database = Postgres(containers, arguments=context.arguments, builder=builder, deadline=deadline)
    elif is_3:
        database = Sqlite(containers)
    container = ServerContainer(containers, settings, port, image=image, storage=storage, database=database)
    answers = Answers(containers, container, deadline)
    return LocalRun(containers, port, image, storage, database, container, answers, deadline)
