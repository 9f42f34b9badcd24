"""The real services behind Resource Manager: blobs, file shares, registries, databases, builds, web apps."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlflow_azure.emulator.runtime.blobs.blobs import Blobs
from mlflow_azure.emulator.runtime.builds import Builds
from mlflow_azure.emulator.runtime.children import Children
from mlflow_azure.emulator.runtime.database.databases import Databases
from mlflow_azure.emulator.runtime.files.files import Files
from mlflow_azure.emulator.runtime.process.builder import ProcessBuilder
from mlflow_azure.emulator.runtime.process.environments import Environments
from mlflow_azure.emulator.runtime.process.host import ProcessHost
from mlflow_azure.emulator.runtime.registry.running_registries import Registries
from mlflow_azure.emulator.runtime.shares import Shares
from mlflow_azure.emulator.runtime.sites.sites import Sites
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError
from mlflow_azure.emulator.runtime.trust import write_trust

if TYPE_CHECKING:
    from docker import DockerClient

    from mlflow_azure.emulator.runtime.spec import TlsMaterial


_GUARD = Path(__file__).parent / "docker/guard.py"


class Runtime:
    """The data planes and workloads of one home. Everything belongs to one event loop.

    Args:
        home: The emulator's directory, for everything that must survive a restart.
        tls: The certificates of registries and Kudu sites.

    Attributes:
        kind: What web apps run in; set by `start`.
        kind_reason: The reason.

    """

    def __init__(self, home: Path, tls: TlsMaterial) -> None:
        logs = home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.kind: Literal["process", "container"] = "process"
        self.kind_reason = "not started"
        self._home = home
        self._client: DockerClient | None = None
        self._children = Children(home)
        environments = Environments(self._children)
        write_trust(home, tls)
        self.blobs = Blobs(home, self._children, logs, tls)
        self.shares = Shares(home)
        self.databases = Databases(home, tls, self._children, logs)
        self.files = Files(self.shares, tls)
        self.registry = Registries(home, tls, self._children)
        self.builds = Builds(home, ProcessBuilder(environments, self.registry, tls.ca_file))
        self.sites = Sites(home, ProcessHost(home, self._children, environments, tls.ca_file), tls)

    async def start(self) -> None:
        """Choose between containers and processes. Everything else starts on demand.

        Raises:
            RuntimeFaultError: Containers are requested but impossible.

        """
        # Imported here: the engine's client takes 0.2 s.
        from mlflow_azure.emulator.runtime.docker.choice import choose_engine

        choice = await choose_engine()
        self.kind_reason = choice.reason
        if choice.client:
            await self._use_containers(choice.client, choice.gateway)

    async def _use_containers(self, client: DockerClient, gateway: str) -> None:
        from mlflow_azure.emulator.runtime.docker.builder import EngineBuilder
        from mlflow_azure.emulator.runtime.docker.engine_api import remove_containers, remove_images
        from mlflow_azure.emulator.runtime.docker.host import EngineHost
        from mlflow_azure.emulator.runtime.docker.registry_container import start_registry

        self.kind = "container"
        self._client = client
        await asyncio.to_thread(remove_containers, client, self._home)
        await self._start_guard()
        self.blobs.also_on = self.databases.also_on = gateway
        self.builds.builder = EngineBuilder(client, self.registry)
        self.registry.in_container = partial(start_registry, client, self._home)
        self.registry.on_removed = partial(remove_images, client)
        self.sites.host = EngineHost(self._home, client, self.sites.host)

    async def _start_guard(self) -> None:
        command: list[str | Path] = [sys.executable, "-P", _GUARD, self._home]
        guard = await self._children.start("container guard", command, output=subprocess.PIPE, grace=30)
        if guard.output and await guard.output.readline() != b"ready\n":
            raise RuntimeFaultError("starting the process that stops the containers: it exited immediately")

    async def serve_identities(self, port: int) -> None:
        """Serve tokens of the web apps' managed identities on this port. Raises RuntimeFaultError."""
        await self.sites.identities.serve(port, self.blobs.also_on)

    async def stop(self) -> None:
        """Stop every site, service and child process, dependencies last; data is kept."""
        await self.sites.stop()
        await self.blobs.stop()
        await self.databases.stop()
        await self.files.stop()
        await self.registry.stop()
        await self._children.stop_all()
        if self._client:
            self._client.close()
