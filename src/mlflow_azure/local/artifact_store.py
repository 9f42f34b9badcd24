"""The artifact store of a local run: its own Azurite, or a storage account in Azure.

Both are steps of the run, and provide the connection string for the server in its container and for clients on this
machine.
"""

from __future__ import annotations

import socket
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Given, Report, Task
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.events import Action
from mlflow_azure.image.context import BuildContext
from mlflow_azure.local.containers import LOOPBACK, ContainerSpec, is_used, published_port
from mlflow_azure.local.log import refuse_ended
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.local.containers import Containers
    from mlflow_azure.local.images import Builder

AZURITE_PORT = 10000
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Public, not a secret: https://learn.microsoft.com/azure/storage/common/storage-use-azurite"""

_AZURITE_CONTEXT = Path(__file__).with_name("azurite")
_LOOPBACK_HOSTS = frozenset({"localhost", LOOPBACK, "::1"})
_POLL_SECONDS = 0.2
_START_SECONDS = 60


class Storage(Task):
    """A storage account with a blob container for artifacts.

    Attributes:
        account: The account's name.
        container: The blob container's name.
        is_local: Whether it is on this machine.

    """

    kind = "storage"
    account: str
    is_local: bool

    def __init__(self, name: str, container: str) -> None:
        super().__init__(name)
        self.container = container

    @property
    @abstractmethod
    def for_server(self) -> Secret:
        """The connection string for the server in its container."""

    @property
    @abstractmethod
    def for_clients(self) -> str | Secret:
        """The connection string for clients on this machine."""


class AzureStorage(Storage):
    """A storage account in Azure.

    Args:
        connection_string: The account's connection string.
        container: The blob container's name.

    Raises:
        SettingsError: The connection string names no account, or one on this machine.

    """

    is_local = False

    def __init__(self, connection_string: Secret, container: str) -> None:
        self.account = _account_name(connection_string.reveal())
        super().__init__(self.account, container)
        self._connection_string = connection_string

    def run(self, given: Given, report: Report) -> Action:
        """Create the blob container unless it exists, which also checks the connection string."""
        return _create_container(self._connection_string, self.account, self.container)

    @property
    def for_server(self) -> Secret:
        """The account's own connection string."""
        return self._connection_string

    @property
    def for_clients(self) -> Secret:
        """The account's own connection string."""
        return self._connection_string


class Azurite(Storage):
    """Azurite in its own container, with its data in a volume.

    Args:
        container: The blob container's name.
        volume: Name of the volume with its data.
        arguments: Build arguments of its image.
        builder: Builds its image.

    """

    account = AZURITE_ACCOUNT
    is_local = True

    def __init__(
        self,
        containers: Containers,
        container: str,
        *,
        volume: str,
        arguments: Mapping[str, str],
        builder: Builder,
        deadline: Deadline,
    ) -> None:
        super().__init__("Azurite", container)
        self._containers = containers
        self._context = BuildContext(_AZURITE_CONTEXT, arguments)
        self._builder = builder
        self._deadline = deadline
        self._host = f"{containers.name}-azurite"
        self.volume = volume
        self.port = AZURITE_PORT

    def run(self, given: Given, report: Report) -> Action:
        """Build its image, start it, and create the blob container, as far as necessary."""
        image = f"mlflow-azure-azurite:{self._context.tag}"
        self._builder(image, self._context, report)
        self.port = self._choose_port()
        action = self._containers.ensure(
            ContainerSpec(
                name=self._host,
                image=image,
                volume=self.volume,
                mount_point="/data",
                container_port=AZURITE_PORT,
                port=self.port,
                environment={},
                uses_proxy=False,
            )
        )
        self._create_container()
        return action

    def _choose_port(self) -> int:
        """Return its current port; or Azurite's usual one, so that connection strings stay valid; or a free one."""
        found = self._containers.find(self._host)
        port = (found and published_port(found, AZURITE_PORT)) or AZURITE_PORT
        if (found and found.status == "running") or not is_used(port):
            return port
        with socket.socket() as free:
            free.bind((LOOPBACK, 0))
            return int(free.getsockname()[1])

    def _create_container(self) -> None:
        """Wait until it responds, and create the blob container."""
        connection_string = Secret(_azurite(LOOPBACK, self.port))
        options = {"retry_total": 0, "use_env_settings": False}  # a proxy cannot reach this machine

        def created() -> bool | None:
            try:
                _create_container(connection_string, self.account, self.container, **options)
            except MlflowAzureError as error:
                if error.code not in ("Unreachable", "AnswerLost"):
                    raise
                refuse_ended(self._containers, self._host)
                return None
            return True

        if self._deadline.poll(created, every=_POLL_SECONDS, patience=_START_SECONDS):
            return
        raise MlflowAzureError(
            f"starting Azurite: it does not respond on {LOOPBACK}:{self.port}",
            hint=f"See why: docker logs {self._host}",
            code="AzuriteFailed",
        )

    @property
    def for_server(self) -> Secret:
        """The connection string with its name in the run's network."""
        return Secret(_azurite(self._host, AZURITE_PORT))

    @property
    def for_clients(self) -> str:
        """The connection string with its port on this machine."""
        return _azurite(LOOPBACK, self.port)


def _azurite(host: str, port: int) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};"
        f"BlobEndpoint=http://{host}:{port}"
    )


def _account_name(connection_string: str) -> str:
    """Return the account in a connection string, which a container must be able to reach."""
    fields = dict(part.partition("=")[::2] for part in connection_string.split(";"))
    host = urlsplit(fields.get("BlobEndpoint", "")).hostname or ""
    name = fields.get("AccountName") or host.partition(".")[0]
    if not name:
        raise _malformed()
    if host in _LOOPBACK_HOSTS:
        raise SettingsError(
            f"using storage account {name}: its blobs are served at {host}, which is not this machine inside a "
            "container",
            hint="Leave the option out: local-run then starts an Azurite of its own.",
        )
    return name


def _create_container(connection_string: Secret, account: str, container: str, **options: Any) -> Action:
    """Create the blob container unless it exists."""
    from azure.core.exceptions import ClientAuthenticationError, ResourceExistsError
    from azure.storage.blob import ContainerClient

    try:
        client = ContainerClient.from_connection_string(connection_string.reveal(), container, **options)
    except ValueError as error:
        raise _malformed() from error
    with doing(f"opening blob container {container} of storage account {account}"), client:
        try:
            client.create_container()
        except ResourceExistsError:
            return Action.KEEP
        except ClientAuthenticationError as error:
            if error.response is None:  # the request could not even be signed: the key is malformed
                raise _malformed() from error
            raise
        return Action.CREATE


def _malformed() -> SettingsError:
    """Return the error for a malformed connection string, without quoting it."""
    return SettingsError(
        "AZURE_STORAGE_CONNECTION_STRING (from environment): it is not the connection string of a storage account",
        hint="Copy it from the portal, or ask Azure: az storage account show-connection-string --name ACCOUNT",
    )
