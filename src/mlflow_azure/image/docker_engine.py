"""The container engine on this machine: connecting to it, and the errors if that fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import ContainerEngineError, MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

SILENCE_SECONDS = 300
"""Seconds that the engine may be silent in the middle of a response."""

BUILD_ELSEWHERE = "Without an engine the image can be built in the registry: mlflow-azure deploy --build remote"


def connect(without: str = BUILD_ELSEWHERE) -> DockerClient:
    """Return a client of the engine that the `docker` command uses: DOCKER_HOST, or the current context.

    Args:
        without: What a user without an engine can do; part of the error's hint.

    Raises:
        ContainerEngineError: No engine responds, or it runs Windows containers only.

    """
    from docker import DockerClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    host = ""
    try:
        where = kwargs_from_env() or _current_context()
        host = where.get("base_url", "")
        client = DockerClient(**where, timeout=SILENCE_SECONDS)
        system = client.version()["Os"]
    except (DockerException, OSError) as error:
        raise _unreachable(host, error, without) from error
    if system != "linux":
        client.close()
        raise ContainerEngineError(
            f"connecting to the container engine: it runs {system} containers, but the image is for Linux",
            hint=f"Switch Docker Desktop to Linux containers. {without}",
            code="WrongPlatform",
        )
    return client


def engine_available() -> tuple[bool, str]:
    """Return whether an engine responds, and which ("Docker Engine 27.3.1") or why not."""
    try:
        client = connect()
    except ContainerEngineError as error:
        return False, error.message
    try:
        return True, f"Docker Engine {client.version()['Version']}"
    finally:
        client.close()


@contextmanager
def talking(what: str) -> Iterator[None]:
    """Turn errors of the engine into an error that says what was being done.

    Raises:
        ContainerEngineError: The engine refused, or the connection to it broke.

    """
    from docker.errors import APIError, DockerException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise ContainerEngineError(
            f"{what}: the container engine refused: {error.explanation or error}",
            hint="Check the engine: docker info",
        ) from error
    except (DockerException, HTTPError, OSError) as error:
        raise ContainerEngineError(
            f"{what}: the connection to the container engine broke ({type(error).__name__})",
            hint="Start the engine if it has stopped (check with docker info), then run the command again.",
            code="ContainerEngineLost",
        ) from error


def _current_context() -> dict[str, Any]:
    from docker import ContextAPI

    context = ContextAPI.get_current_context()
    return {"base_url": context.Host, "tls": context.TLSConfig or False} if context else {}


def _unreachable(host: str, error: BaseException, without: str) -> MlflowAzureError:
    reason = next((cause for cause in _causes(error) if isinstance(cause, OSError) and cause.errno), None)
    at = f" at {host}" if host else ""
    if isinstance(reason, PermissionError):
        return ContainerEngineError(
            f"connecting to the container engine{at}: you are not allowed to use it",
            hint=f"Join the docker group: sudo usermod -aG docker $USER, then log in again. {without}",
            code="ContainerEngineForbidden",
        )
    return ContainerEngineError(
        f"connecting to the container engine{at}: none responds ({reason.strerror if reason else error})",
        hint=f"Start Docker, or install it: https://docs.docker.com/get-docker/. {without}",
        code="NoContainerEngine",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything it wraps: requests and urllib3 pass on the original among their arguments."""
    yield error
    for inner in (*error.args, error.__cause__, error.__context__):
        if isinstance(inner, BaseException):
            yield from _causes(inner)
