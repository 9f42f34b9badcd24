"""A real registry in a container: the image `registry:2`, if the engine has it or can pull it."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from docker.errors import DockerException, ImageNotFound, NotFound

from mlflow_azure.emulator.runtime.docker.engine_api import HOME_LABEL, published_port

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

_IMAGE = "registry:2"
_PORT = 5000
_ENVIRONMENT = {
    "REGISTRY_STORAGE_DELETE_ENABLED": "true",
    "REGISTRY_HTTP_RELATIVEURLS": "true",  # it does not know its address for clients
    "REGISTRY_LOG_LEVEL": "warn",
}


class RegistryContainer:
    """A running registry."""

    def __init__(self, container: Container) -> None:
        self.port = published_port(container, _PORT) or 0
        self._container = container

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        with suppress(DockerException):
            self._container.reload()
            return str(self._container.status) == "running"
        return False

    async def stop(self) -> None:
        """Stop it; its data is kept."""
        await asyncio.to_thread(_remove, self._container)

    def log(self) -> str:
        """Return its last output."""
        return self._container.logs(tail=20).decode(errors="replace")


async def start_registry(client: DockerClient, home: Path, root: Path) -> RegistryContainer | None:
    """Start a registry that stores its images below `root`; return None if the image is not available."""
    try:
        await asyncio.to_thread(_require_image, client)
    except DockerException:
        return None
    data = root / "data"
    data.mkdir(parents=True, exist_ok=True)
    return RegistryContainer(await asyncio.to_thread(_run, client, home, data))


def _require_image(client: DockerClient) -> None:
    try:
        client.images.get(_IMAGE)
    except ImageNotFound:
        client.images.pull(_IMAGE)


def _run(client: DockerClient, home: Path, data: Path) -> Container:
    container = client.containers.run(
        _IMAGE,
        detach=True,
        user=f"{os.getuid()}:{os.getgid()}",  # as our user, so that we can delete its files
        labels={HOME_LABEL: str(home)},
        environment=_ENVIRONMENT | {"REGISTRY_HTTP_SECRET": secrets.token_hex(16)},
        volumes=[f"{data}:/var/lib/registry"],
        ports={f"{_PORT}/tcp": ("127.0.0.1", 0)},
    )
    container.reload()
    return container


def _remove(container: Container) -> None:
    with suppress(NotFound):
        container.stop(timeout=5)
        container.remove(force=True)
