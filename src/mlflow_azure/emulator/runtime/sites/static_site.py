"""The portal's placeholder image for a new web app: one page, which needs no engine.

The page replaces mcr.microsoft.com/appsvc/staticsite, which this machine may not be able to pull.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mlflow_azure.emulator.runtime.listener import Listener, free_port

if TYPE_CHECKING:
    from starlette.requests import Request

STATIC_SITE = "mcr.microsoft.com/appsvc/staticsite:latest"
_PAGE = "<!DOCTYPE html><html><head><title>Static site</title></head><body>Your web app is running.</body></html>"


class StaticSite:
    """The served page, which acts as a container for a site."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.ssh_port: int | None = None
        self._ended = asyncio.Event()
        self._listener = Listener(Starlette(routes=[Route("/", _page)]), self.port)

    async def start(self) -> None:
        """Begin to serve. Raises RuntimeFaultError."""
        await self._listener.start()

    def has_socket(self, _address: str, _port: int) -> bool:
        """Return False: it has no outgoing connections."""
        return False

    async def wait(self) -> int:
        """Wait until it is stopped: it does not exit by itself."""
        await self._ended.wait()
        return 0

    async def stop(self) -> None:
        """End it."""
        await self._listener.stop()
        self._ended.set()


async def _page(_request: Request) -> Response:
    return HTMLResponse(_PAGE)
