"""The container runtime: the web app is the pushed image, in a container of the engine on this machine."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import threading
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, NotFound
from requests.exceptions import RequestException

from mlflow_azure.emulator.runtime.docker.engine_api import HOME_LABEL, HOST_NAME, PLATFORM, published_port, reason
from mlflow_azure.emulator.runtime.process.image import is_context
from mlflow_azure.emulator.runtime.shares import open_to_containers
from mlflow_azure.emulator.runtime.sites.container import Container, StartError, app_service_variables
from mlflow_azure.emulator.runtime.trust import trust_file, trust_variables

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container as DockerContainer
    from docker.models.images import Image

    from mlflow_azure.emulator.runtime.sites.container import ContainerHost
    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
    from mlflow_azure.emulator.runtime.spec import SiteSpec

# App Service waits this long for a container to end; and expects sshd here.
_GRACE = 10
_SSH_PORT = 2222
_LOOPBACK_URL = re.compile(r"(?:(?<=://)|(?<=@))(?:127\.0\.0\.1|localhost)(?=:\d)")
# The path of a container's trusted authorities.
_TRUST = "/etc/ssl/emulator-trust.pem"
# The engine went away while the container ran.
_UNKNOWN_STATUS = 255


class EngineContainer:
    """A running container, whose output goes to the site's log."""

    def __init__(self, container: DockerContainer, web_port: int, log: SiteLog) -> None:
        self.name = str(container.name)
        self.port = published_port(container, web_port) or 0
        self.ssh_port = published_port(container, _SSH_PORT)
        self._container = container
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        threading.Thread(target=self._follow, name=self.name, daemon=True).start()

    def has_socket(self, address: str, _port: int) -> bool:
        """Whether it has this address on one of the engine's networks."""
        networks = (self._container.attrs.get("NetworkSettings") or {}).get("Networks") or {}
        return address in {each.get("IPAddress") for each in networks.values()}

    async def wait(self) -> int:
        """Wait until it ends and its last output is in the log; return its exit status."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Stop and remove it."""
        await asyncio.to_thread(_remove, self._container)
        await self._ended

    def _follow(self) -> None:
        """Run in a thread: the engine's client blocks."""
        status = _UNKNOWN_STATUS
        try:
            for line in _lines(self._container.logs(stream=True, follow=True)):
                self._loop.call_soon_threadsafe(self._log.container_line, line)
            status = self._container.wait()["StatusCode"]
        except (DockerException, RequestException):
            pass  # it was removed, or the engine is gone: no status available
        finally:
            self._loop.call_soon_threadsafe(self._ended.set_result, status)


class EngineHost:
    """Starts web apps as containers; `processes` runs images built without an engine."""

    def __init__(self, home: Path, client: DockerClient, processes: ContainerHost) -> None:
        self._home = home
        self._client = client
        self._processes = processes
        self._started = 0

    async def start(self, spec: SiteSpec, log: SiteLog) -> Container:
        """Pull the image and start it. Raises StartError."""
        log.platform(f"Pulling image: {spec.image}")
        image = await self._ask(self._pull, spec)
        if is_context(image.labels):
            return await self._processes.start(spec, log)
        log.platform(f"Status: image is up to date for {spec.image}. Id: {image.id}")
        starting = asyncio.create_task(self._ask(self._run, spec, image))
        try:
            container = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])
            if not starting.cancelled() and not starting.exception():
                await asyncio.to_thread(_remove, starting.result())
            raise
        log.platform(f"Starting container for site {spec.name}: {container.name}")
        return EngineContainer(container, _web_port(spec), log)

    @staticmethod
    async def _ask(call: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(call, *arguments)
        except (DockerException, RequestException) as error:
            raise StartError(f"Docker API responded with: {reason(error)}") from error

    def _pull(self, spec: SiteSpec) -> Image:
        repository, _, tag = (spec.image or "").rpartition(":")
        credentials = {"username": spec.registry_username or "", "password": spec.registry_password or ""}
        try:
            return self._client.images.pull(repository, tag=tag, auth_config=credentials, platform=PLATFORM)
        except DockerException as error:
            raise StartError(f"Pulling docker image {spec.image} failed: {reason(error)}") from error

    def _trust(self) -> list[str]:
        return [f"{trust_file(self._home)}:{_TRUST}:ro"]

    def _run(self, spec: SiteSpec, image: Image) -> DockerContainer:
        self._started += 1
        container = self._client.containers.create(
            image,
            command=shlex.split(spec.command) if spec.command else None,
            name=f"{spec.name}_{self._started}_{zlib.crc32(str(self._home).encode()):08x}",
            labels={HOME_LABEL: str(self._home)},
            environment=_environment(spec),
            volumes=[*self._trust(), *(f"{mount.directory}:{mount.mount_path}" for mount in spec.mounts)],
            ports={f"{port}/tcp": ("127.0.0.1", 0) for port in (_web_port(spec), _SSH_PORT)},
            extra_hosts={HOST_NAME: "host-gateway"},
            platform=PLATFORM,
        )
        try:
            for mount in spec.mounts:
                open_to_containers(mount.directory, os.getuid())
            container.start()
            container.reload()
        except DockerException:
            _remove(container)
            raise
        return container


def _web_port(spec: SiteSpec) -> int:
    """Return the port on which the container listens: https://learn.microsoft.com/azure/app-service/configure-custom-container."""
    setting = spec.app_settings.get("WEBSITES_PORT", "")
    return int(setting) if setting.isdecimal() else 80


def _environment(spec: SiteSpec) -> dict[str, str]:
    """Return the environment, with loopback URLs rewritten to this machine's name in a container."""
    variables = {**trust_variables(_TRUST), **spec.app_settings, **app_service_variables(spec, _web_port(spec))}
    return {name: _LOOPBACK_URL.sub(HOST_NAME, value) for name, value in variables.items()}


def _lines(chunks: Any) -> Any:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _remove(container: DockerContainer) -> None:
    """Stop and remove it, if it still exists."""
    with suppress(NotFound):
        container.stop(timeout=_GRACE)
        container.remove(v=True, force=True)
