"""One PostgreSQL: its data directory, and the process that serves it on a socket that only the emulator reaches."""

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
# Sessions have been cut before: PostgreSQL waits for them when it is asked to end.
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
        """Where it listens. Raises RuntimeFaultError while it does not run."""
        if self._sockets is None:
            raise RuntimeFaultError(f"using PostgreSQL server {self._name}: it does not run")
        return self._sockets / ".s.PGSQL.5432"

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._child is not None and self._child.running

    async def start(self, max_connections: int) -> bool:
        """Start it, with its data where it has some; whether it is new. Raises RuntimeFaultError."""
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
        """What a statement of the superuser gives. Raises SqlError, RuntimeFaultError."""
        return await query(self.socket, SUPERUSER, database, statement)

    async def stop(self) -> None:
        """End it; its data stays."""
        if self._child:
            await self._child.stop()
        if self._reading:
            await self._reading
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets_note.unlink(missing_ok=True)
        self._child = self._reading = self._sockets = None

    def _new_sockets(self) -> Path:
        """A directory with a short name, whatever the home is called: a socket's path takes about a hundred characters.

        Where it is is written down, for who comes after a kill.
        """
        if self._sockets_note.exists():
            shutil.rmtree(self._sockets_note.read_text(), ignore_errors=True)
        sockets = Path(tempfile.mkdtemp(prefix="mlflow-azure-pg-"))
        self._sockets_note.write_text(str(sockets))
        hand_over(sockets)
        return sockets

    async def _create(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what a creation left that was cut off
        self._data.mkdir(parents=True, mode=0o700)
        hand_over(self._data)
        options = ["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        command: list[str | Path] = [*as_unprivileged(), binaries / "initdb", "-D", self._data, *options]
        with self._log.open("ab") as log:
            status = await self._children.run(f"initdb {self._name}", command, log=log, env=_environment())
        if status:
            raise self._failed("creating")

    async def _follow(self, child: Child, ready: asyncio.Event) -> None:
        """Copy what it writes to the log; it is ready, or will never be, when `ready` is set."""
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
        return RuntimeFaultError(f"{doing} PostgreSQL server {self._name}: it ended. Its log: {self._log}\n{written}")


def _settings(max_connections: int) -> list[str]:
    settings: dict[str, str | int] = {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": max_connections,
        "superuser_reserved_connections": _RESERVED_CONNECTIONS,
        "shared_buffers": "32MB",
        # The data outlives a kill of the process, not a crash of the machine: what it holds is for tests.
        "fsync": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A statement that fails may hold a password.
        "log_min_error_statement": "panic",
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _environment() -> dict[str, str]:
    """English, for what is read of it; nothing else of the emulator's own."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
