"""One PostgreSQL: its data directory, and its process, on a socket that only the emulator can reach."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.database.binaries import as_unprivileged, find_binaries, hand_over
from mlflow_azure.emulator.runtime.database.protocol import Rows, query
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.children import Child, Children

# The superuser, which on Azure is Microsoft's alone.
SUPERUSER = "azuresu"
# https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits: kept from the users.
_RESERVED_CONNECTIONS = 15
_READY = b"database system is ready to accept connections"
# Sessions have been closed before this, since PostgreSQL waits for them when stopping.
_GRACE = 10.0
_CHUNK = 1 << 16


class Cluster:
    """The PostgreSQL of the server `name`; `children` own the process."""

    def __init__(self, name: str, directory: Path, log: Path, children: Children) -> None:
        self._name = name
        self._data = directory / "data"
        self._sockets_note = directory / "sockets"
        self._log = log
        self._children = children
        self._child: Child | None = None
        self._reading: asyncio.Task[None] | None = None
        self._sockets: Path | None = None

    @property
    def socket(self) -> Path:
        """Path of its socket. Raises RuntimeFaultError while it is not running."""
        if self._sockets is None:
            raise RuntimeFaultError(f"using PostgreSQL server {self._name}: it is not running")
        return self._sockets / ".s.PGSQL.5432"

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._child is not None and self._child.running

    async def start(self, max_connections: int) -> bool:
        """Start it, with existing data if any; return whether it is new. Raises RuntimeFaultError."""
        binaries = find_binaries()
        is_new = not (self._data / "PG_VERSION").exists()
        if is_new:
            await self._create(binaries)
        self._sockets = self._new_sockets()
        files: list[str | Path] = [binaries / "postgres", "-D", self._data, "-k", self._sockets]
        child = await self._children.start(
            f"postgres {self._name}",
            [*as_unprivileged(), *files, *_settings(max_connections)],
            output=subprocess.PIPE,
            env=_environment(),
            grace=_GRACE,
        )
        self._child = child
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._follow(child, ready))
        await ready.wait()
        if not child.running:
            await self.stop()
            raise self._failed("starting")
        return is_new

    async def sql(self, statement: str, database: str = "postgres") -> Rows:
        """Return the result of a superuser's statement. Raises SqlError, RuntimeFaultError."""
        return await query(self.socket, SUPERUSER, database, statement)

    async def stop(self) -> None:
        """Stop it; its data is kept."""
        if self._child:
            await self._child.stop()
        if self._reading:
            await self._reading
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets_note.unlink(missing_ok=True)
        self._child = self._reading = self._sockets = None

    def _new_sockets(self) -> Path:
        """Create a directory with a short name: a socket's path is limited to about a hundred characters.

        Its path is recorded, for clean-up after a kill.
        """
        if self._sockets_note.exists():
            shutil.rmtree(self._sockets_note.read_text(), ignore_errors=True)
        sockets = Path(tempfile.mkdtemp(prefix="mlflow-azure-pg-"))
        self._sockets_note.write_text(str(sockets))
        hand_over(sockets)
        return sockets

    async def _create(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # left by an interrupted creation
        self._data.mkdir(parents=True, mode=0o700)
        hand_over(self._data)
        options = ["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        command: list[str | Path] = [*as_unprivileged(), binaries / "initdb", "-D", self._data, *options]
        with self._log.open("ab") as log:
            status = await self._children.run(f"initdb {self._name}", command, log=log, env=_environment())
        if status:
            raise self._failed("creating")

    async def _follow(self, child: Child, ready: asyncio.Event) -> None:
        """Copy its output to the log; set `ready` when it is ready, or never will be."""
        with self._log.open("ab", buffering=0) as log:
            seen = b""
            while child.output and (chunk := await child.output.read(_CHUNK)):
                log.write(chunk)
                seen = b"" if ready.is_set() else seen + chunk
                if _READY in seen:
                    ready.set()
        await child.wait()
        ready.set()

    def _failed(self, doing: str) -> RuntimeFaultError:
        written = self._log.read_text(errors="replace")[-2000:]
        return RuntimeFaultError(f"{doing} PostgreSQL server {self._name}: it exited. Its log: {self._log}\n{written}")


def _settings(max_connections: int) -> list[str]:
    settings: dict[str, str | int] = {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": max_connections,
        "superuser_reserved_connections": _RESERVED_CONNECTIONS,
        "shared_buffers": "32MB",
        # The data survives a kill of the process, but not a crash of the machine: it is for testing.
        "fsync": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A failing statement may contain a password.
        "log_min_error_statement": "panic",
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _environment() -> dict[str, str]:
    """Return the environment: in English, for parsing the output, and otherwise minimal."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
