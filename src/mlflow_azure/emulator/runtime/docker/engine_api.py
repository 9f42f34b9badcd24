"""The container engine on this machine, as the container runtime uses it."""

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
# The name under which a container reaches what listens on this machine.
HOST_NAME = "host.docker.internal"
PLATFORM = "linux/amd64"
_TIMEOUT = 60


def connect() -> DockerClient:
    """A client of the engine that `docker` uses too: DOCKER_HOST, else the current context.

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
    """The address of this machine on the engine's bridge, which `host-gateway` stands for; None without a bridge."""
    for network in client.api.networks(["bridge"]):
        for pool in network["IPAM"]["Config"] or ():
            subnet = ipaddress.ip_network(pool["Subnet"])
            if subnet.version == 4:  # noqa: PLR2004 - of the internet protocol
                return str(pool.get("Gateway") or next(subnet.hosts()))
    return None


def published_port(container: Container, port: int) -> int | None:
    """The port of this machine's loopback that leads to `port` of a running container."""
    bindings = container.ports.get(f"{port}/tcp")
    return int(bindings[0]["HostPort"]) if bindings else None


def remove_containers(client: DockerClient, home: Path) -> list[str]:
    """Remove every container of `home`, running or not; their names."""
    names = []
    for container in client.containers.list(all=True, filters={"label": f"{HOME_LABEL}={home}"}, ignore_removed=True):
        with suppress(NotFound):
            container.remove(force=True, v=True)
            names.append(str(container.name))
    return names


def remove_images(client: DockerClient, login_server: str) -> None:
    """Take the names of a registry that is no more from the engine's images; what builds can use again stays."""
    for image in client.api.images():  # as one answer: of a list of its own the client asks for each, which may be gone
        for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]:
            if name.startswith(f"{login_server}/"):
                with suppress(ImageNotFound):  # the digest went with the last tag
                    client.images.remove(name, force=True, noprune=True)


def reason(error: BaseException) -> str:
    """What the engine says went wrong, without the wrapping of its client."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation)
    return str(error) or type(error).__name__
