"""A streaming HTTP reverse proxy to a server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from starlette.responses import StreamingResponse

from mlflow_azure.emulator.runtime.plain_http import plain_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from starlette.requests import Request

# RFC 9110 §7.6.1: these belong to one connection. `expect` is answered by our own server.
_HOP_BY_HOP = {
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
    *(b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
}


class ReverseProxy:
    """Forwards requests unchanged: path byte for byte (it is signed), headers and bodies as received."""

    def __init__(self) -> None:
        # No connection is kept: loopback connects are cheap, and a server that closes an idle connection just as it
        # is reused would make a request fail.
        self._client = plain_client(
            timeout=httpx.Timeout(None, connect=10), limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def forward(self, request: Request, port: int, replace: Iterable[tuple[str, str]] = ()) -> StreamingResponse:
        """Respond with the response of the server on 127.0.0.1:`port`; `replace` are request headers to set.

        Raises:
            httpx.TransportError: The server does not respond.

        """
        response = await self._client.send(_outgoing(request, port, dict(replace)), stream=True)
        answer = StreamingResponse(_body(response), response.status_code)
        answer.raw_headers = _end_to_end(response.headers.raw)
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _outgoing(request: Request, port: int, replace: dict[str, str]) -> httpx.Request:
    replaced = {name.lower().encode() for name in replace}
    headers = [header for header in _end_to_end(request.headers.raw) if header[0] not in replaced]
    headers += [(name.encode(), value.encode()) for name, value in replace.items()]
    target = request.scope["raw_path"]
    if query := request.scope["query_string"]:
        target += b"?" + query
    return httpx.Request(
        request.method,
        f"http://127.0.0.1:{port}/",
        headers=headers,
        content=request.stream() if _has_body(request) else None,
        extensions={"target": target, "timeout": {"connect": 10}},
    )


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


async def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()
