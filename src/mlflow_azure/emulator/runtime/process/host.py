"""The process runtime: the web app is the image's startup script, in a virtual environment on this machine."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.listener import free_port
from mlflow_azure.emulator.runtime.process.environments import program
from mlflow_azure.emulator.runtime.process.image import pull_context
from mlflow_azure.emulator.runtime.registry.repository import PullError, Repository
from mlflow_azure.emulator.runtime.sites.container import StartError, app_service_variables
from mlflow_azure.emulator.runtime.spec import Mount, RuntimeFaultError, SiteSpec
from mlflow_azure.emulator.runtime.trust import trust_file, trust_variables

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.children import Child, Children
    from mlflow_azure.emulator.runtime.process.environments import Environments
    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog

# `docker stop` and App Service wait this long.
_GRACE = 10.0


class ProcessContainer:
    """A running startup script, in place of a container."""

    def __init__(self, child: Child, port: int, log: SiteLog) -> None:
        self.name = child.name
        self.port = port
        self.ssh_port: int | None = None
        self._child = child
        if child.output is None:
            raise ValueError("a container's process is started with a pipe")
        self._pump = asyncio.create_task(log.container(child.output))

    def has_socket(self, address: str, port: int) -> bool:
        """Whether one of its processes has a connection from this address and port."""
        return self._child.has_socket(address, port)

    async def wait(self) -> int:
        """Wait until it ends and its last output is in the log; return its exit status."""
        status = await self._child.wait()
        await asyncio.wait([self._pump])  # does not cancel it when the caller is cancelled
        return status

    async def stop(self) -> None:
        """Stop it: SIGTERM, and after the grace period SIGKILL."""
        await self._child.stop()
        await self._pump


class ProcessHost:
    """Starts web apps as processes. Images are unpacked in `<home>/images`."""

    def __init__(self, home: Path, children: Children, environments: Environments, ca_file: Path) -> None:
        self._images = home / "images"
        self._home = home
        self._children = children
        self._environments = environments
        self._ca_file = ca_file
        self._started = 0

    async def start(self, spec: SiteSpec, log: SiteLog) -> ProcessContainer:
        """Pull the image, create its environment if it does not exist, and start its startup script.

        Raises:
            StartError: The registry refuses, or the image cannot run here.

        """
        context, image_environment = await self._pull(spec, log)
        environment = await self._environment(context)
        port = free_port()
        self._started += 1
        variables = (
            image_environment
            | trust_variables(str(trust_file(self._home)))
            | _app_settings(spec)
            | app_service_variables(spec, port)
            | _overrides(spec, port, environment, self._home)
        )
        child = await self._children.start(
            f"{spec.name}_{self._started}",
            ["sh", "-c", spec.command] if spec.command else ["sh", program(context) / "startup.sh"],
            output=asyncio.subprocess.PIPE,
            env=variables,
            cwd=program(context),
            grace=_GRACE,
        )
        log.platform(f"Starting container for site {spec.name}: {child.name} on port {port} (process runtime)")
        return ProcessContainer(child, port, log)

    async def _pull(self, spec: SiteSpec, log: SiteLog) -> tuple[Path, dict[str, str]]:
        image = spec.image or ""
        login_server, _, rest = image.partition("/")
        name, _, tag = rest.partition(":")
        log.platform(f"Pulling image: {image}")
        user, password = spec.registry_username, spec.registry_password
        try:
            async with Repository(login_server, name, self._ca_file, user=user, password=password) as repository:
                digest, context, environment = await pull_context(repository, tag or "latest", self._images)
        except PullError as error:
            raise StartError(f"Pulling docker image {image} failed: {error}") from error
        log.platform(f"Status: image is up to date for {image}. Digest: {digest}")
        return context, environment

    async def _environment(self, context: Path) -> Path:
        log = self._home / "logs" / "environment.log"
        try:
            with log.open("wb") as file:
                return await self._environments.ensure(context, file)
        except RuntimeFaultError as error:
            raise StartError(str(error)) from error


def _app_settings(spec: SiteSpec) -> dict[str, str]:
    """Return the app settings, with paths below a mount rewritten to the share's directory."""
    return {name: _on_this_machine(value, spec.mounts) for name, value in spec.app_settings.items()}


def _on_this_machine(value: str, mounts: tuple[Mount, ...]) -> str:
    for mount in mounts:
        path = mount.mount_path.rstrip("/")
        if value == path or value.startswith(path + "/"):
            return f"{mount.directory}{value[len(path) :]}"
    return value


def _overrides(spec: SiteSpec, port: int, environment: Path, home: Path) -> dict[str, str]:
    """Return the variables that a process needs without its own file system and network."""
    return {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(environment),
        "HOME": str(home / "sites" / spec.name),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "ENABLE_SSH": "false",
        "MLFLOW_SERVER_HOST": "127.0.0.1",
        "MLFLOW_SERVER_PORT": str(port),
    }
