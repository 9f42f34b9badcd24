"""The Kudu site's tunnel to the container's SSH port, for `az webapp ssh` and `create-remote-connection`.

A websocket carries the bytes of one TCP connection in binary messages. Protocol: the tunnel server of
https://github.com/Azure-App-Service/KuduLite (Kudu.Services/TunnelServer).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

    from mlflow_azure.emulator.runtime.sites.site import Site
    from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks

# The port on which App Service expects sshd in a container.
_SSH_PORT = 2222
_STATES = {"Running": "STARTED", "Starting": "STARTING"}
_INTERNAL_ERROR = 1011
_BANNER_WITHIN = 3.0


class Tunnel:
    """The tunnel of one site."""

    def __init__(self, site: Site, quirks: SiteQuirks) -> None:
        self._site = site
        self._quirks = quirks

    async def status(self, request: Request) -> Response:
        """GET Tunnel.ashx?GetStatus: whether the site is running, and whether the SSH port responds.

        It may report "STOPPED" for a running container: the state is read from a file, status.txt, which may not exist
        yet. And sshd may still be generating its keys.
        """
        if "getstatus" not in {name.lower() for name in request.query_params}:
            return Response(status_code=400)
        unreachable = self._quirks.tunnel(self._site.spec.name)
        reached = not unreachable and await self._reaches()
        message = "" if reached else "Unable to connect to WebApp"
        if request.query_params.get("GetStatusAPIVer") != "2":
            return PlainTextResponse(f"SUCCESS:{_SSH_PORT}" if reached else f"FAILURE:{_SSH_PORT}:{message}")
        state = "STOPPED" if unreachable == "stopped" else _STATES.get(self._site.state, "STOPPED")
        return JSONResponse({"port": _SSH_PORT, "state": state, "canReachPort": reached, "msg": message})

    async def _reaches(self) -> bool:
        with suppress(OSError, TimeoutError):
            reader, writer = await self._connect()
            try:
                # An engine's published port accepts connections whether or not something listens in the container;
                # an SSH server speaks first (RFC 4253 §4.2).
                async with asyncio.timeout(_BANNER_WITHIN):
                    return bool(await reader.read(1))
            finally:
                writer.close()
        return False

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        container = self._site.container
        if container is None or container.ssh_port is None:
            raise ConnectionRefusedError("the container has no SSH server")
        return await asyncio.open_connection("127.0.0.1", container.ssh_port)

    async def carry(self, websocket: WebSocket) -> None:
        """Forward bytes both ways until one side ends."""
        await websocket.accept()
        try:
            reader, writer = await self._connect()
        except OSError as error:
            await websocket.close(_INTERNAL_ERROR, f"Connection failure. {error}")
            return
        ways = [asyncio.create_task(_to_container(websocket, writer)), asyncio.create_task(_back(reader, websocket))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            with suppress(RuntimeError):  # the client has already closed it
                await websocket.close()


async def _to_container(websocket: WebSocket, writer: asyncio.StreamWriter) -> None:
    with suppress(WebSocketDisconnect, OSError):
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            writer.write(message.get("bytes") or (message.get("text") or "").encode())
            await writer.drain()


async def _back(reader: asyncio.StreamReader, websocket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, OSError):
        while data := await reader.read(65536):
            await websocket.send_bytes(data)
