"""An HTTP proxy to the emulator's services, for clients that build the host name of an account themselves.

`az storage` turns an account's name into `https://NAME.blob.SUFFIX`, on port 443
(github.com/Azure/azure-cli, command_modules/storage/_validators.py). Few systems resolve names under `localhost`, and
that port needs root; but a proxy's client neither resolves the name nor opens the port. Only CONNECT is supported
(RFC 9110 §9.3.6), and only to this machine.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.storage import ACCOUNT_TYPE
from mlflow_azure.emulator.runtime.listener import bound_socket
from mlflow_azure.emulator.tls import STORAGE_SUFFIX

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

_CONNECT = re.compile(rb"CONNECT ([^ ]+):(\d+) HTTP/1\.[01]\r\n", re.IGNORECASE)
_SERVICE = re.compile(rf"([a-z0-9]+)\.(blob|file)\.{re.escape(STORAGE_SUFFIX)}")
_HERE = ("localhost", "127.0.0.1")
_CHUNK = 1 << 16


class NameProxy:
    """Serves from `start` to `stop`."""

    def __init__(self, world: World) -> None:
        self.port = world.ports.of("proxy")
        self._world = world
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to serve. Raises RuntimeFaultError if another program has the port."""
        self._server = await asyncio.start_server(self._accepted, sock=bound_socket(_HERE[1], self.port))

    async def stop(self) -> None:
        """Close all connections, and free the port."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._lead(reader, writer, await reader.readuntil(b"\r\n\r\n"))
        finally:
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        asked = _CONNECT.match(head)
        if asked is None:
            return await _refuse(writer, HTTPStatus.METHOD_NOT_ALLOWED)
        port = self._port(asked[1].decode("latin-1").lower(), int(asked[2]))
        if port is None:
            return await _refuse(writer, HTTPStatus.FORBIDDEN)
        there, back = await asyncio.open_connection(_HERE[1], port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        finally:
            back.close()

    def _port(self, host: str, port: int) -> int | None:
        """Return the port of this machine that a client wants; None if it wants another machine."""
        if host in _HERE:
            return port
        service = _SERVICE.fullmatch(host)
        accounts = {account["name"] for account in self._world.resources.of_type(ACCOUNT_TYPE)}
        if service and service[1] in accounts:
            return self._world.ports.of(f"{service[2]}/{service[1]}")
        return None


async def _refuse(writer: asyncio.StreamWriter, status: HTTPStatus) -> None:
    text = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    writer.write(text.encode())
    await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
