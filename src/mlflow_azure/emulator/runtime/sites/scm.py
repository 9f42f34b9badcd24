"""A web app's Kudu site: container logs, the registry's webhook, the SSH tunnel."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from mlflow_azure.emulator.runtime.sites import kudu_traces
from mlflow_azure.emulator.runtime.sites.site_log import INSTANCE
from mlflow_azure.emulator.runtime.sites.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from mlflow_azure.emulator.runtime.sites.site import Site
    from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks

# az requests the second: github.com/Azure/azure-cli, command_modules/appservice/custom.py, get_streaming_log.
_STREAMS = ("/api/logstream", "/logstream", "/api/logstream/{path:path}", "/logstream/{path:path}")
_TUNNEL = "/AppServiceTunnel/Tunnel.ashx"
# SCM_LOGSTREAM_TIMEOUT, in seconds: https://github.com/projectkudu/kudu/wiki/Configurable-settings
_STREAM_TIMEOUT = 30 * 60.0
_SILENCE = 60.0


class Scm:
    """The ASGI application of one Kudu site.

    Args:
        site: Its web app.
        token_ok: Whether a Microsoft Entra access token may operate the site.
        quirks: Occasional behaviour of App Service.

    """

    def __init__(self, site: Site, token_ok: Callable[[str], bool], quirks: SiteQuirks) -> None:
        self._site = site
        self._token_ok = token_ok
        self._quirks = quirks
        tunnel = Tunnel(site, quirks)
        self._app = Starlette(
            routes=[
                *(Route(path, self._stream_log) for path in _STREAMS),
                Route("/api/logs/docker", self._list_logs),
                Route("/api/logs/docker/zip", self._zip_logs),
                Route("/dump", self._zip_logs),
                Route("/api/vfs/LogFiles/{name}", self._log_file),
                Route("/api/deployments{_:path}", _no_deployments),
                Route("/api/registry/webhook", self._image_pushed, methods=["POST"]),
                Route(_TUNNEL, tunnel.status),
                WebSocketRoute(_TUNNEL, tunnel.carry),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or refuse one request."""
        connection = HTTPConnection(scope)
        app = self._app if self._allowed(connection) else _unauthorized()
        if self._quirks.kudu_traces() and scope["type"] == "http":
            self._site.log.trace(kudu_traces.of_request(scope["method"], connection.url.path))
        await app(scope, receive, send)

    def _allowed(self, connection: HTTPConnection) -> bool:
        kind, _, value = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._token_ok(value)
        known = self._site.spec.publishing_credentials
        if kind.lower() != "basic" or known is None:
            return False
        with suppress(binascii.Error):
            return hmac.compare_digest(base64.b64decode(value), ":".join(known).encode())
        return False

    async def _stream_log(self, request: Request) -> Response:
        before = kudu_traces.head(request) if self._quirks.kudu_traces() else ""
        timeout = self._site.spec.app_settings.get("SCM_LOGSTREAM_TIMEOUT", "")
        lines = self._log_lines(before, float(timeout) if timeout.isdecimal() else _STREAM_TIMEOUT)
        return StreamingResponse(lines, media_type="text/plain")

    async def _log_lines(self, before: str, duration: float) -> AsyncIterator[str]:
        """Yield existing lines, then new ones, and a keep-alive line in every minute of silence, until the end."""
        log = self._site.log
        with log.follow() as following:
            yield before + log.text()
            yield "\nEnding Log Tail of existing logs ---\n\nStarting Live Log Stream ---\n"
            silent, end = 0, asyncio.get_running_loop().time() + duration
            while (left := end - asyncio.get_running_loop().time()) > 0:
                try:
                    async with asyncio.timeout(min(left, _SILENCE)):
                        yield await following.get()
                    silent = 0
                except TimeoutError:
                    silent += 1
                    yield f"{_moment()}  No new trace in the past {silent} min(s).\n"
            yield f"{_moment()}  Stream terminated due to timeout {duration / 60:g} min(s).\n"

    async def _list_logs(self, request: Request) -> Response:
        return JSONResponse([_described(path, str(request.base_url)) for path in self._site.log.files()])

    async def _zip_logs(self, _request: Request) -> Response:
        return Response(self._site.log.zipped(), media_type="application/zip")

    async def _log_file(self, request: Request) -> Response:
        for path in self._site.log.files():
            if path.name == request.path_params["name"]:
                return FileResponse(path, media_type="text/plain")
        return PlainTextResponse("Not found.", HTTPStatus.NOT_FOUND)

    async def _image_pushed(self, request: Request) -> Response:
        """Pull the image again: only for a push, and only if DOCKER_ENABLE_CI is on.

        202 in any case: github.com/microsoft/vscode-containers/issues/332.
        """
        action = ""
        with suppress(ValueError, AttributeError):
            action = (await request.json()).get("action", "")
        if action != "ping" and self._site.spec.app_settings.get("DOCKER_ENABLE_CI", "").lower() == "true":
            self._site.log.platform("Continuous deployment: the registry reported a new image.")
            self._site.restart()
        return Response(status_code=HTTPStatus.ACCEPTED)


async def _no_deployments(_request: Request) -> Response:
    """Kudu deployed nothing: the site runs an image. https://github.com/projectkudu/kudu/wiki/REST-API#deployment."""
    return JSONResponse([])


def _unauthorized() -> Response:
    return PlainTextResponse(
        "401 - Unauthorized: Access is denied due to invalid credentials.",
        HTTPStatus.UNAUTHORIZED,
        {"WWW-Authenticate": 'Basic realm="site"'},
    )


def _described(path: Path, base_url: str) -> dict[str, Any]:
    status = path.stat()
    return {
        "machineName": INSTANCE,
        "lastUpdated": datetime.fromtimestamp(status.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "size": status.st_size,
        "href": f"{base_url}api/vfs/LogFiles/{path.name}",
        "path": f"/home/LogFiles/{path.name}",
    }


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
