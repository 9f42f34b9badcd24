"""The PostgreSQL servers of one home; data in `<home>/databases/<name>`."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.database.cluster import Cluster
from mlflow_azure.emulator.runtime.database.front import Front, Gate
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.children import Children
    from mlflow_azure.emulator.runtime.database.protocol import Rows
    from mlflow_azure.emulator.runtime.spec import TlsMaterial

# The roles and databases of every new server, and their members' rights:
# https://learn.microsoft.com/azure/postgresql/security/security-access-control, and
# https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-servers for the databases.
ADMINISTRATORS = "azure_pg_admin"
MANAGED_DATABASES = ("azure_maintenance", "azure_sys")
_FIRST_STATEMENTS = (
    f"CREATE ROLE {ADMINISTRATORS} NOLOGIN",
    f"GRANT pg_monitor, pg_signal_backend TO {ADMINISTRATORS}",
    f"ALTER DATABASE postgres OWNER TO {ADMINISTRATORS}",
    *(f"CREATE DATABASE {name}" for name in MANAGED_DATABASES),
    *(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC" for name in MANAGED_DATABASES),
)


@dataclass
class _Server:
    cluster: Cluster
    front: Front
    max_connections: int


class Databases:
    """Starts and ends the servers.

    `also_on` is an address by which containers reach this machine, for servers opened from then on.
    """

    def __init__(self, home: Path, tls: TlsMaterial, children: Children, logs: Path) -> None:
        self._root = home / "databases"
        self._tls = tls
        self._children = children
        self._logs = logs
        self._servers: dict[str, _Server] = {}
        self._changing = asyncio.Lock()
        self.also_on: str | None = None

    async def ensure(self, name: str, port: int, gate: Gate, max_connections: int) -> str:
        """Serve `name` on `port`, keeping its data; return its address: "127.0.0.1:20017". Raises RuntimeFaultError."""
        async with self._changing:
            served = self._servers.get(name)
            if served and (served.max_connections != max_connections or not served.cluster.running):
                await self._close(name)
                served = None
            if served is None:
                await self._open(name, port, gate, max_connections)
        return f"127.0.0.1:{port}"

    async def _open(self, name: str, port: int, gate: Gate, max_connections: int) -> None:
        cluster = Cluster(name, self._root / name, self._logs / f"postgres-{name}.log", self._children)
        front = Front(gate, lambda: cluster.socket, port, self._tls, self.also_on)
        try:
            if await cluster.start(max_connections):
                for statement in _FIRST_STATEMENTS:
                    await cluster.sql(statement)
            await front.start()
        except BaseException:
            await cluster.stop()
            raise
        self._servers[name] = _Server(cluster, front, max_connections)

    async def sql(self, name: str, statement: str, database: str = "postgres") -> Rows:
        """Return the result of a superuser's statement on a server. Raises SqlError, RuntimeFaultError."""
        try:
            served = self._servers[name]
        except KeyError:
            raise RuntimeFaultError(f"using PostgreSQL server {name}: it is not running") from None
        return await served.cluster.sql(statement, database)

    async def suspend(self, name: str) -> None:
        """Stop a server and its sessions; its data is kept."""
        async with self._changing:
            await self._close(name)

    async def remove(self, name: str) -> None:
        """Stop a server, and delete its data."""
        async with self._changing:
            await self._close(name)
            await asyncio.to_thread(shutil.rmtree, self._root / name, ignore_errors=True)

    async def stop(self) -> None:
        """Stop all servers; the data is kept."""
        async with self._changing:
            await asyncio.gather(*map(self._close, list(self._servers)))

    async def _close(self, name: str) -> None:
        if served := self._servers.pop(name, None):
            await served.front.stop()
            await served.cluster.stop()
