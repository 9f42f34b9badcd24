"""The logs of containers, and how they ended."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import ContainerEngineError
from mlflow_azure.image.docker_engine import talking
from mlflow_azure.secret import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from mlflow_azure.local.containers import Containers

_LAST_LINES = 8
_RESTART_SECONDS = 1.0
"""Seconds within which a restarted container runs again."""


def refuse_ended(containers: Containers, name: str) -> None:
    """Raise ContainerEngineError, with its last lines, if the container is not running."""
    found = containers.find(name)
    if found and found.status == "running":
        return
    how = f"exit code {found.attrs['State']['ExitCode']}" if found else "it was removed"
    lines = _last_lines(found) if found else []
    wrong_platform = any("exec format error" in line for line in lines)
    raise ContainerEngineError(
        "\n".join([f"starting container {name}: it exited before it responded ({how})", *lines]),
        hint="The engine cannot run linux/amd64 programs. Enable that with: "
        "docker run --privileged --rm tonistiigi/binfmt --install amd64"
        if wrong_platform
        else "Read the lines above, and check the settings: mlflow-azure settings show",
        code="WrongPlatform" if wrong_platform else "ContainerEnded",
    )


def _last_lines(container: Container) -> list[str]:
    with talking(f"reading the log of container {container.name}"):
        text = container.logs(tail=_LAST_LINES)
    return [redact(line) for line in text.decode(errors="replace").splitlines()]


def follow(container: Container) -> Iterator[str]:
    """Yield the container's log, line by line, from the start until the container ends; a restart is not an end.

    Raises:
        ContainerEngineError: The connection to the engine broke.

    """
    since: float | None = None
    while True:
        yield from _stream(container, since)
        since = time.time()
        time.sleep(_RESTART_SECONDS)
        if not _is_running(container):
            return


def _is_running(container: Container) -> bool:
    from docker.errors import NotFound

    with talking(f"looking at container {container.name}"):
        try:
            container.reload()
        except NotFound:
            return False
    return container.status == "running"


def _stream(container: Container, since: float | None) -> Iterator[str]:
    """Read in a thread: on Windows a blocked read does not see Ctrl+C."""
    news: queue.Queue[str | Exception | None] = queue.Queue()

    def pump() -> None:
        rest = b""
        try:
            with talking(f"following the log of container {container.name}"):
                for chunk in container.logs(stream=True, follow=True, since=since):
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        news.put(line.decode(errors="replace"))
        except ContainerEngineError as error:
            news.put(error)
        else:
            news.put(None)

    threading.Thread(target=pump, daemon=True, name="container log").start()
    endless = Deadline()
    while (item := endless.get(news)) is not None:
        if isinstance(item, Exception):
            raise item
        yield item
