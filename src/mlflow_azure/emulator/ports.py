"""Stable loopback ports, which are kept across restarts and distinct between homes."""

from __future__ import annotations

import errno
import socket
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator.locks import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.state import State

# Below the range of ephemeral ports (32768 on Linux, 49152 on macOS).
FIRST_PORT, LAST_PORT = 20000, 31999


class Ports:
    """The ports of one home. A claim is a file named after the port, in a directory shared by all homes."""

    def __init__(self, state: State, home: Path, claims: Path) -> None:
        self._allotted = state.section("ports")
        self._home = home
        self._claims = claims
        claims.mkdir(parents=True, exist_ok=True)

    def of(self, purpose: str) -> int:
        """Return the port for `purpose`, for example "site/mlflow-1a2b", the same on every call."""
        if purpose not in self._allotted:
            with exclusive(self._claims / "lock"):
                self._allotted[purpose] = next(port for port in self._candidates() if self._take(port))
        return int(self._allotted[purpose])

    def release(self, purpose: str) -> None:
        """Release the port of `purpose`."""
        port = self._allotted.pop(purpose, None)
        if port is not None:
            (self._claims / str(port)).unlink(missing_ok=True)

    def _candidates(self) -> Iterator[int]:
        size = LAST_PORT - FIRST_PORT + 1
        start = zlib.crc32(str(self._home).encode()) % size
        return (FIRST_PORT + (start + step) % size for step in range(size))

    def _take(self, port: int) -> bool:
        claim = self._claims / str(port)
        if port in self._allotted.values() or _home_of(claim) not in (None, self._home) or not is_free(port):
            return False
        claim.write_text(str(self._home), encoding="utf-8")
        return True


def is_free(port: int) -> bool:
    """Whether nothing listens on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _home_of(claim: Path) -> Path | None:
    """Return the home that holds `claim`, or None if that home is gone."""
    try:
        home = Path(claim.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return home if home.is_dir() else None
