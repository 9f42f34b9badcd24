"""The proxy in front of a server: TLS, password check, and behind it the server's own PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlflow_azure.emulator.runtime.database.protocol import (
    ASK_PASSWORD,
    CANCEL_REQUEST,
    GSS_REQUEST,
    SSL_REQUEST,
    ProtocolError,
    Refusal,
    SqlError,
    Startup,
    read_password,
    read_startup,
)
from mlflow_azure.emulator.runtime.listener import bound_socket
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlflow_azure.emulator.runtime.spec import TlsMaterial

_log = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_BACKLOG = 1024
# PostgreSQL's `authentication_timeout`, in seconds.
_TIME_TO_SIGN_IN = 60
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Client:
    """A client that requests a session, before it has sent its password."""

    address: str
    encrypted: bool
    user: str
    database: str


class Gate(Protocol):
    """Decides who can connect."""

    def admits(self, client: Client) -> Refusal | None:
        """Return why a client may not even send its password; None if it may."""

    async def reaches(self, address: str, port: int) -> bool:
        """Return whether the client can reach the server."""

    async def authenticate(self, user: str, password: str) -> Refusal | None:
        """Return why this is not the password of a role; None if it is."""


class Front:
    """Serves one server on 127.0.0.1:`port` from `start` to `stop`.

    `also_on` is one more address of this machine to listen on; `socket` returns PostgreSQL's socket.
    """

    def __init__(
        self, gate: Gate, socket: Callable[[], Path], port: int, tls: TlsMaterial, also_on: str | None = None
    ) -> None:
        self._gate = gate
        self._socket = socket
        self._port = port
        self._addresses = [_LOOPBACK, also_on] if also_on else [_LOOPBACK]
        self._tls = _context(tls)
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen. Raises RuntimeFaultError if another program has the port."""
        for bound in [bound_socket(address, self._port) for address in self._addresses]:
            self._servers.append(await asyncio.start_server(self._accept, sock=bound, backlog=_BACKLOG))

    async def stop(self) -> None:
        """Close every session, and free the port."""
        for server in self._servers:
            server.close()
        for session in self._sessions:
            session.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions)
        self._servers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine of a server is a task
            return
        self._sessions.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, ProtocolError, TimeoutError, asyncio.IncompleteReadError) as error:
            _log.debug("a client of the server on port %s went away: %r", self._port, error)
        except (SqlError, RuntimeFaultError):
            _log.exception("a client of the server on port %s", self._port)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._sessions.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")  # none where it is gone already
        if not peer or not await self._gate.reaches(*peer[:2]):
            return  # an unreachable server does not respond
        async with asyncio.timeout(_TIME_TO_SIGN_IN):
            startup, encrypted = await self._greeted(reader, writer)
            if startup.code == CANCEL_REQUEST:
                await self._cancel(startup)
                return
            refusal = await self._signed_in(startup, reader, writer, encrypted=encrypted)
        if refusal:
            writer.write(refusal.encoded())
            await writer.drain()
            return
        await self._relay(startup, reader, writer)

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[Startup, bool]:
        """Return what the client wants, and whether over TLS."""
        encrypted = False
        while True:
            startup = await read_startup(reader)
            if startup.code == SSL_REQUEST and not encrypted:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._tls)
                encrypted = True
            elif startup.code == GSS_REQUEST and not encrypted:
                writer.write(b"N")
                await writer.drain()
            else:
                return startup, encrypted

    async def _signed_in(
        self, startup: Startup, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, encrypted: bool
    ) -> Refusal | None:
        if not startup.is_session:
            version = f"{startup.code >> 16}.{startup.code & 0xFFFF}"
            return Refusal("0A000", f"unsupported frontend protocol {version}: server supports 3.0 to 3.2")
        wanted = startup.parameters
        user = wanted.get("user", "")
        address = writer.get_extra_info("peername")[0]
        if refusal := self._gate.admits(Client(address, encrypted, user, wanted.get("database") or user)):
            return refusal
        writer.write(ASK_PASSWORD)
        await writer.drain()
        return await self._gate.authenticate(user, await read_password(reader))

    async def _cancel(self, startup: Startup) -> None:
        _, writer = await asyncio.open_unix_connection(self._socket())
        writer.write(startup.raw)
        await writer.drain()
        writer.close()

    async def _relay(self, startup: Startup, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward bytes between the client and PostgreSQL, which trusts its socket, until one side ends."""
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket())
        inner_writer.write(startup.raw)
        ways = [
            asyncio.create_task(_carry(reader, inner_writer)),
            asyncio.create_task(_carry(inner_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            inner_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


def _context(tls: TlsMaterial) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert_file, tls.key_file)
    # https://learn.microsoft.com/azure/postgresql/security/security-tls: the oldest that the service accepts.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    return context
