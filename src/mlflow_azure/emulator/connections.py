"""The open connections of the server, so that a fault can close one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request


class Connections:
    """Connections by the client's address."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """An HTTP protocol for uvicorn that registers its connections here."""
        connections = self._open

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client:
                    connections.pop(self.client, None)
                super().connection_lost(exc)

            def shutdown(self) -> None:
                super().shutdown()
                if self.cycle is None or self.cycle.response_complete:
                    # Closing waits for the client's part of TLS, and an idle client does not respond.
                    self.transport.abort()

        return Protocol

    def cut(self, request: Request) -> None:
        """Close the connection of a request without a response."""
        if request.client:
            self._open[(request.client.host, request.client.port)].abort()
