"""The server's container, configured like in App Service, and whether MLflow responds in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlflow_azure.engine.node import Check, Given, Report, Task
from mlflow_azure.errors import TimedOutError
from mlflow_azure.image.serving import PROBE_PATHS, postgres_environment, server_environment
from mlflow_azure.local.containers import LOOPBACK, ContainerSpec
from mlflow_azure.local.log import refuse_ended
from mlflow_azure.local.mlflow_database import MOUNT_POINT

if TYPE_CHECKING:
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Action
    from mlflow_azure.local.artifact_store import Storage
    from mlflow_azure.local.containers import Containers
    from mlflow_azure.local.images import Image
    from mlflow_azure.local.mlflow_database import Database
    from mlflow_azure.settings import Settings

_POLL_SECONDS = 0.2
_PROBE_SECONDS = 10
_START_SECONDS = 230
"""App Service's own limit, WEBSITES_CONTAINER_START_TIME_LIMIT."""


class ServerContainer(Task):
    """Return the container: with the app settings as its environment, and a volume instead of the file share.

    Args:
        settings: The server's settings.
        port: Its port on this machine.
        image: Its image.
        storage: Its artifact store.
        database: Its database; None for MLflow 1.5.0, which uses files.

    """

    kind = "container"

    def __init__(
        self,
        containers: Containers,
        settings: Settings,
        port: int,
        *,
        image: Image,
        storage: Storage,
        database: Database | None,
    ) -> None:
        super().__init__(containers.name, after=(image, storage, *(database.tasks if database else ())))
        self.url = f"http://{LOOPBACK}:{port}"
        self.version = settings.mlflow_version
        self._containers = containers
        self._settings = settings
        self._port = port
        self._image = image
        self._storage = storage
        self._database = database

    def run(self, given: Given, report: Report) -> Action:
        """Start it unless it runs as desired. Stop a storage and database that it no longer uses."""
        action = self._containers.ensure(self._spec())
        self._containers.remove_others()
        return action

    def _spec(self) -> ContainerSpec:
        settings, database = replace(self._settings, storage_account_name=self._storage.account), self._database
        return ContainerSpec(
            name=self.name,
            image=self._image.name,
            volume=database.server_volume if database else f"{self.name}-mlruns",
            mount_point=MOUNT_POINT if database else settings.storage_mount_point,
            container_port=settings.mlflow_port,
            port=self._port,
            environment={
                **(_with_database(settings, database) if database else server_environment(settings)),
                # MLflow 3 prefers it to an identity, of which there is none here.
                "AZURE_STORAGE_CONNECTION_STRING": self._storage.for_server.reveal(),
            },
            uses_proxy=not self._storage.is_local,
        )


def _with_database(settings: Settings, database: Database) -> dict[str, str]:
    told = {name: value for name, value in postgres_environment(settings).items() if value is not None}
    return {**told, "MLFLOW_SERVER_DATABASE_URI": database.uri.reveal()}


class Answers(Check):
    """Waits until MLflow responds."""

    kind = "MLflow server"

    def __init__(self, containers: Containers, container: ServerContainer, deadline: Deadline) -> None:
        super().__init__(container.url, after=(container,))
        self._containers = containers
        self._container = container
        self._deadline = deadline

    def run(self, given: Given, report: Report) -> None:
        """Return when it responds.

        Raises:
            ContainerEngineError: The container has ended.
            TimedOutError: It does not respond within App Service's time limit.

        """

        def answers() -> bool | None:
            if _answers(self.name + PROBE_PATHS[self._container.version]):
                return True
            refuse_ended(self._containers, self._container.name)
            return None

        if self._deadline.poll(answers, every=_POLL_SECONDS, patience=_START_SECONDS):
            return
        raise TimedOutError(
            f"waiting for the MLflow server at {self.name}: no response within {_START_SECONDS} seconds",
            hint=f"See why: docker logs {self._container.name}",
            code="ServerNotHealthy",
        )


def _answers(url: str) -> bool:
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy cannot reach this machine
        try:
            return session.get(url, timeout=_PROBE_SECONDS).ok
        except requests.RequestException:
            return False


def goes_through_proxy(url: str) -> bool:
    """Whether clients would send the URL to a proxy, which cannot reach this machine's loopback."""
    from requests.utils import get_environ_proxies, select_proxy

    return select_proxy(url, get_environ_proxies(url)) is not None
