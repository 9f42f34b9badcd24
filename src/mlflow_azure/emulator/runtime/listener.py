"""An ASGI application on its own loopback port, in the daemon's event loop."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import cycle
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from mlflow_azure.emulator.locks import take
from mlflow_azure.emulator.runtime.cache import cache_directory
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError, TlsMaterial

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from io import TextIOWrapper

    from starlette.types import ASGIApp

Address = tuple[str, int]

_LOOPBACK = "127.0.0.1"
_CHILD_PORTS = (10000, 20000)
# Each process has its own block of them: a child takes seconds to listen, during which its port looks free.
_BLOCK = 200
_HELD: list[TextIOWrapper] = []


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: they belong to the daemon, which runs many servers."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop idle connections first: closing TLS politely would wait for clients that only keep them in a pool."""
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if (cycle is None or cycle.response_complete) and connection.transport:
                connection.transport.abort()
        await super().shutdown(sockets)


def _tracked(connections: dict[Address, asyncio.Transport]) -> type[asyncio.Protocol]:
    class Protocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type] # which one it is, is known at run time only
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol


class Listener:
    """Serves `app` from `start` to `stop` on 127.0.0.1:`port`, over TLS when given its material.

    `also_on` is one more address of this machine to listen on, with the same port.
    """

    def __init__(self, app: ASGIApp, port: int, tls: TlsMaterial | None = None, also_on: str | None = None) -> None:
        self.port = port
        self._connections: dict[Address, asyncio.Transport] = {}
        self._addresses = [_LOOPBACK, also_on] if also_on else [_LOOPBACK]
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_tracked(self._connections),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                # Responses from backends (Azurite, gunicorn) keep their own headers.
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
                ssl_certfile=tls.cert_file if tls else None,
                ssl_keyfile=tls.key_file if tls else None,
            )
        )
        self._task: asyncio.Task[None] | None = None

    def cut(self, client: Address) -> None:
        """Close the connection of a client immediately."""
        if transport := self._connections.get(client):
            transport.abort()

    async def start(self) -> None:
        """Begin to serve. Raises RuntimeFaultError if another program has the port."""
        bound = [bound_socket(address, self.port) for address in self._addresses]
        self._task = asyncio.create_task(self._serve(bound))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)

    async def _serve(self, bound: list[socket.socket]) -> None:
        await self._server.serve(sockets=bound)

    async def stop(self) -> None:
        """Finish open requests (2 s at most) and free the port."""
        if self._task:
            self._server.should_exit = True
            await self._task


def bound_socket(address: str, port: int) -> socket.socket:
    """Return a socket on `port` of a local address. Raises RuntimeFaultError if another program has it."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # see server.py
    try:
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise RuntimeFaultError(
            f"listening on {address}:{port}: the port is already in use. Stop the program that uses it."
        ) from error
    return bound


def free_port() -> int:
    """Return a currently unused loopback port, for a child that must be told its port.

    Not from the range of ephemeral ports, where an outgoing connection could take it first; nor one
    that this or another process has just given out.
    """
    while True:
        port = next(_own_ports())
        with suppress(OSError), socket.create_server((_LOOPBACK, port)):
            return port


@cache
def _own_ports() -> Iterator[int]:
    """Cycle through the ports of a block, which belongs to this process as long as it lives."""
    blocks = list(range(*_CHILD_PORTS, _BLOCK))
    random.shuffle(blocks)
    for first in blocks:
        if lock := take(cache_directory() / "ports" / f"children-{first}"):
            _HELD.append(lock)
            return cycle(range(first, first + _BLOCK))
    return iter(partial(random.randrange, *_CHILD_PORTS), None)  # more processes than blocks: leave it to chance
