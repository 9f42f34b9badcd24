"""A web app's log files, in the layout and wording of App Service on Linux.

`<date>_<instance>_docker.log` is the platform's log about the container, `…_default_docker.log` the container's
standard output and error. Times are in UTC.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTANCE = "lw0emulator"
Level = Literal["INFO ", "WARN ", "ERROR"]


class SiteLog:
    """Writes the log of one web app below `directory`, and lets any number of readers follow it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._followers: set[asyncio.Queue[str]] = set()
        directory.mkdir(parents=True, exist_ok=True)

    def platform(self, message: str, level: Level = "INFO ") -> None:
        """Write a line of the platform, for example "Pulling image: …"."""
        self._write("docker", f"{_now()} {level} - {message}\n")

    async def container(self, output: asyncio.StreamReader) -> None:
        """Write the container's output, line by line, until it ends."""
        while True:
            try:
                line = await output.readline()
            except ValueError:  # longer than the reader's limit of 64 KiB, which is dropped
                continue
            if not line:
                return
            self.container_line(line)

    def container_line(self, line: bytes) -> None:
        """Write a line of the container's output."""
        self._write("default_docker", f"{_now()} {line.decode(errors='replace').rstrip()}\n")

    def trace(self, line: str) -> None:
        """Send one of Kudu's own trace lines to followers of the log, without writing it to a file."""
        for queue in self._followers:
            queue.put_nowait(line)

    def files(self) -> list[Path]:
        """All log files, oldest first."""
        return sorted(self._directory.glob("*_docker.log"))

    def text(self) -> str:
        """Return the lines of the newest day, of platform and container, in chronological order."""
        newest = [path for path in self.files() if path.name[:10] == self.files()[-1].name[:10]]
        lines = [line for path in newest for line in path.read_text(encoding="utf-8").splitlines(keepends=True)]
        return "".join(sorted(lines, key=lambda line: line[:28]))

    def zipped(self) -> bytes:
        """All log files as a zip archive."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in self.files():
                archive.write(path, path.name)
        return buffer.getvalue()

    @contextmanager
    def follow(self) -> Iterator[asyncio.Queue[str]]:
        """Return a queue that gets each new line as it is written."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)

    def _write(self, kind: str, line: str) -> None:
        path = self._directory / f"{line[:10].replace('-', '_')}_{INSTANCE}_{kind}.log"
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
        for queue in self._followers:
            queue.put_nowait(line)


def _now() -> str:
    """Like 2024-05-17T09:30:00.123456Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
