"""The container engine on this machine, as used by the container runtime."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from docker import ContextAPI, DockerClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import kwargs_from_env

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

# Every container of a home carries the home's path under this label.
HOME_LABEL = "mlflow-azure.emulator.home"
# The host name by which a container reaches this machine.
HOST_NAME = "host.docker.internal"
PLATFORM = "linux/amd64"
_TIMEOUT = 60


def connect() -> DockerClient:
    """Return a client of the engine that `docker` uses: DOCKER_HOST, or the current context.

    Raises:
        DockerException: none answers.

    """
    where = kwargs_from_env() or _current_context()
    client = DockerClient(**where, timeout=_TIMEOUT)
    try:
        client.ping()
    except (DockerException, OSError):
        client.close()
        raise
    return client


def _current_context() -> dict[str, Any]:
    context = ContextAPI.get_current_context()
    return {"base_url": context.Host, "tls": context.TLSConfig or False} if context else {}


def bridge_address(client: DockerClient) -> str | None:
    """Return this machine's address on the engine's bridge (`host-gateway`); None without a bridge."""
    for network in client.api.networks(["bridge"]):
        for pool in network["IPAM"]["Config"] or ():
            subnet = ipaddress.ip_network(pool["Subnet"])
            if subnet.version == 4:  # noqa: PLR2004 - of the internet protocol
                return str(pool.get("Gateway") or next(subnet.hosts()))
    return None


def published_port(container: Container, port: int) -> int | None:
    """Return the loopback port that is mapped to `port` of a running container."""
    bindings = container.ports.get(f"{port}/tcp")
    return int(bindings[0]["HostPort"]) if bindings else None


def remove_containers(client: DockerClient, home: Path) -> list[str]:
    """Remove every container of `home`, running or not; return their names."""
    names = []
    for container in client.containers.list(all=True, filters={"label": f"{HOME_LABEL}={home}"}, ignore_removed=True):
        with suppress(NotFound):
            container.remove(force=True, v=True)
            names.append(str(container.name))
    return names


def remove_images(client: DockerClient, login_server: str) -> None:
    """Remove the tags of a deleted registry from the engine's images; build caches stay."""
    for image in client.api.images():  # in one response: images.list() queries each image, which may be gone
        for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]:
            if name.startswith(f"{login_server}/"):
                with suppress(ImageNotFound):  # the digest is gone with the last tag
                    client.images.remove(name, force=True, noprune=True)


def reason(error: BaseException) -> str:
    """Return the engine's message, without its client's wrapping."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation)
    return str(error) or type(error).__name__
