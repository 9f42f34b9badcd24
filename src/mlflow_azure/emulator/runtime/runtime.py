"""What stands behind Azure Resource Manager, for real: blobs, file shares, registries, builds and web apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.blobs import Blobs
from mlflow_azure.emulator.runtime.builds import Builds
from mlflow_azure.emulator.runtime.children import Children
from mlflow_azure.emulator.runtime.environments import Environments
from mlflow_azure.emulator.runtime.process import ProcessHost
from mlflow_azure.emulator.runtime.process_builder import ProcessBuilder
from mlflow_azure.emulator.runtime.registry import Registries
from mlflow_azure.emulator.runtime.shares import Shares
from mlflow_azure.emulator.runtime.sites import Sites

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.spec import TlsMaterial


class Runtime:
    """The data planes and workloads of one home. Everything belongs to one event loop.

    Args:
        home: the emulator's directory; what must survive a restart is kept there.
        tls: what registries and Kudu sites present to their clients.

    """

    kind = "process"

    def __init__(self, home: Path, tls: TlsMaterial) -> None:
        logs = home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._children = Children(home)
        environments = Environments(self._children)
        self.blobs = Blobs(home, self._children, logs)
        self.shares = Shares(home)
        self.registry = Registries(home, tls, self._children)
        self.builds = Builds(home, ProcessBuilder(environments, self.registry, tls.ca_file))
        self.sites = Sites(home, ProcessHost(home, self._children, environments, tls.ca_file), tls)

    async def start(self) -> None:
        """Nothing is started before it is asked for."""

    async def stop(self) -> None:
        """End every site, service and child process; data stays. The last to go is what others need."""
        await self.sites.stop()
        await self.blobs.stop()
        await self.registry.stop()
        await self._children.stop_all()
