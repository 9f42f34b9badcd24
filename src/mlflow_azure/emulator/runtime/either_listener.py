"""A listener whose clients choose between http and https by their first byte."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.listener import Listener

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from mlflow_azure.emulator.runtime.spec import TlsMaterial

# A TLS connection begins with a record of this type (RFC 8446 §5.1), which no HTTP method begins with.
_HANDSHAKE = b"\x16"
_PAUSE = 0.1


class EitherListener(Listener):
    """Serves `app` over http and over https on the same port.

    An account's blob endpoint is such a port: MLflow 1.5.0 and Azurite use http, and Microsoft's client libraries
    send tokens over https only.
    """

    def __init__(self, app: ASGIApp, port: int, tls: TlsMaterial, also_on: str | None = None) -> None:
        super().__init__(app, port, tls, also_on)
        self._accepting: set[asyncio.Task[None]] = set()

    async def _serve(self, bound: list[socket.socket]) -> None:
        for listening in bound:
            listening.listen()
            listening.settimeout(0)
            self._keep(asyncio.create_task(self._accept(listening)))
        await self._server.serve(sockets=[])

    async def stop(self) -> None:
        """Finish open requests (2 s at most) and free the port."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        await super().stop()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _accept(self, listening: socket.socket) -> None:
        with listening:
            while True:
                try:
                    accepted, _ = await asyncio.get_running_loop().sock_accept(listening)
                except OSError:  # too many open files right now: try later
                    await asyncio.sleep(_PAUSE)
                    continue
                self._keep(asyncio.create_task(self._begin(accepted)))

    async def _begin(self, accepted: socket.socket) -> None:
        """Pass a connection to the server, over TLS if it begins with TLS."""
        accepted.settimeout(0)
        try:
            first = await _peek(accepted)
            config = self._server.config
            context = config.ssl if first == _HANDSHAKE else None
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, accepted, ssl=context)
        except (OSError, asyncio.CancelledError):
            accepted.close()

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol that the server creates for each connection it accepts itself."""
        protocol: asyncio.Protocol = self._server.config.http_protocol_class(  # type: ignore[call-arg]
            config=self._server.config,
            server_state=self._server.server_state,
            app_state=self._server.lifespan.state,
        )
        return protocol


async def _peek(accepted: socket.socket) -> bytes:
    """Peek at the first byte; empty if the client hangs up."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(accepted, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(accepted)
    return accepted.recv(1, socket.MSG_PEEK)
