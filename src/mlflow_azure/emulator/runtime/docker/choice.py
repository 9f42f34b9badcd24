"""Which runtime a home uses: containers if an engine can build and run the image, otherwise processes."""

from __future__ import annotations

import asyncio
import os
import socket
import socketserver
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from mlflow_azure.emulator.runtime.docker.engine_api import bridge_address, connect, reason
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from docker import DockerClient

_RUNTIME_VARIABLE = "MLFLOW_AZURE_EMULATOR_RUNTIME"
# A substitute for the Dockerfile's base image, if that is not available.
_BASE_VARIABLE = "MLFLOW_AZURE_EMULATOR_BASE_IMAGE"
_BASE_SETTING = "DOCKER_BASE_IMAGE"  # of mlflow-azure, whose builds then request that image
_BASE_IMAGE = "python:3.11-slim-bookworm"
_PROBE_WITHIN = 20.0


class UnsuitableError(Exception):
    """The container engine cannot be used; the text says why."""


@dataclass(frozen=True)
class EngineChoice:
    """Return the engine to use, with this machine's bridge address (None for the process runtime), and the reason."""

    client: DockerClient | None
    gateway: str
    reason: str


def stand_in_base() -> str | None:
    """Return the substitute for the Dockerfile's base image, if configured."""
    return os.environ.get(_BASE_VARIABLE) or os.environ.get(_BASE_SETTING)


async def choose_engine() -> EngineChoice:
    """Return the choice in `MLFLOW_AZURE_EMULATOR_RUNTIME`: `auto` (the default), `container` or `process`.

    Raises:
        RuntimeFaultError: `container` is requested but impossible, or the variable has another value.

    """
    wanted = os.environ.get(_RUNTIME_VARIABLE) or "auto"
    if wanted == "process":
        return EngineChoice(None, "", f"{_RUNTIME_VARIABLE}=process")
    if wanted not in {"auto", "container"}:
        raise RuntimeFaultError(f"{_RUNTIME_VARIABLE} is '{wanted}'; it must be auto, container or process")
    try:
        async with asyncio.timeout(_PROBE_WITHIN):
            return await asyncio.to_thread(_suitable_engine)
    except (UnsuitableError, TimeoutError) as error:
        why = str(error) or f"the container engine did not answer within {_PROBE_WITHIN:.0f} seconds"
        if wanted == "container":
            raise RuntimeFaultError(f"starting the container runtime: {why}") from error
        return EngineChoice(None, "", why)


def _suitable_engine() -> EngineChoice:
    try:
        client = connect()
    except (DockerException, RequestException, OSError) as error:
        raise UnsuitableError("no container engine responds") from error
    try:
        return EngineChoice(
            client, _checked(client), f"Docker Engine {client.version()['Version']} runs the containers"
        )
    except (DockerException, RequestException, OSError) as error:
        client.close()
        raise UnsuitableError(f"the container engine failed: {reason(error)}") from error
    except UnsuitableError:
        client.close()
        raise


def _checked(client: DockerClient) -> str:
    """Return the bridge's address on this machine, if the container runtime's requirements are met."""
    if client.version()["Os"] != "linux":
        raise UnsuitableError("the container engine does not run Linux containers")
    gateway = bridge_address(client)
    if gateway is None or not _is_ours(gateway):
        raise UnsuitableError("the container engine's bridge is not on this machine")
    if not _shares_loopback(client):
        raise UnsuitableError("the container engine does not share this machine's loopback interface")
    _require_base_image(client, stand_in_base() or _BASE_IMAGE)
    return gateway


def _is_ours(address: str) -> bool:
    with suppress(OSError), socket.create_server((address, 0)):
        return True
    return False


def _shares_loopback(client: DockerClient) -> bool:
    """Whether the engine can reach a registry on our loopback: it is told to pull an image there, and must connect."""
    knocked = threading.Event()

    class Knock(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            knocked.set()

    with socketserver.TCPServer(("127.0.0.1", 0), Knock) as server:
        answering = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        answering.start()
        with suppress(DockerException):
            client.images.get_registry_data(f"localhost:{server.server_address[1]}/probe:probe")
        server.shutdown()
        answering.join()
    return knocked.is_set()


def _last(said: str) -> str:
    """Return the last clause of the engine's message: the earlier ones say what it called, not what went wrong."""
    return said.rpartition(": ")[2]


def _require_base_image(client: DockerClient, image: str) -> None:
    with suppress(ImageNotFound):
        client.images.get(image)
        return
    try:
        client.images.get_registry_data(image)
    except DockerException as error:
        raise UnsuitableError(
            f"the base image {image} is not on this machine and cannot be pulled: {_last(reason(error))}"
        ) from error
