"""App Service's front end of a web app, on the site's own port."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mlflow_azure.emulator.runtime.proxy import ReverseProxy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from mlflow_azure.emulator.runtime.sites.site import Site

    # Responds to a request to this site that may not reach its container; None if it may.
    Gate = Callable[[str, Request], Awaitable[Response | None]]

_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"


class Front:
    """The ASGI application of one site. `gate` stands between it and the container."""

    def __init__(self, site: Site, gate: Gate) -> None:
        self._site = site
        self._gate = gate
        self._proxy = ReverseProxy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        refused = self._refusal(request) or await self._gate(self._site.spec.name, request)
        with ExitStack() as asked:
            response = refused or await self._forward(request, asked)
            await response(scope, receive, send)

    async def close(self) -> None:
        """Close the connections to the container."""
        await self._proxy.close()

    def _refusal(self, request: Request) -> Response | None:
        spec = self._site.spec
        client = request.client.host if request.client else "127.0.0.1"
        if not _allowed(client, spec.access_rules):
            return _page(
                403,
                "Error 403 - Forbidden",
                "The web app you have attempted to reach has blocked your access.",
            )
        if not spec.enabled:
            return _page(403, "Error 403 - This web app is stopped.", "The web app is currently stopped.")
        return None

    async def _forward(self, request: Request, asked: ExitStack) -> Response:
        """Return a container's response. The request is open until `asked` is left."""
        tried: set[str] = set()
        while container := await self._site.serving(tried):
            try:
                asked.enter_context(self._site.under_way.asking(container))
                return await self._proxy.forward(request, container.port, _forwarded(request))
            except httpx.ConnectError:  # nothing was sent: another instance can respond
                asked.close()
                tried.add(container.name)
            except httpx.TransportError:
                # It may have begun. No source says that App Service resends such a request, of any method;
                # for a container that crashes, the documentation says that clients see 502 or 503:
                # https://learn.microsoft.com/azure/app-service/troubleshoot-http-502-http-503
                return _page(502, "502 - Bad Gateway", "The container ended before it had answered.")
        return _application_error()


def _application_error() -> Response:
    text = "If you are the application administrator, look at the log of the container for the reason."
    return _page(503, "Application Error", text)


def _page(status: int, title: str, text: str) -> Response:
    return HTMLResponse(_PAGE.format(title=title, text=text), status)


def _forwarded(request: Request) -> list[tuple[str, str]]:
    client = request.client
    return [
        ("X-Forwarded-For", f"{client.host}:{client.port}" if client else "127.0.0.1"),
        ("X-Forwarded-Proto", request.url.scheme),
        ("X-Original-URL", request.scope["raw_path"].decode("ascii")),
    ]


def _allowed(client: str, rules: Sequence[Mapping[str, Any]]) -> bool:
    """Access restrictions: the matching rule of the lowest priority number decides; no match is a refusal.

    https://learn.microsoft.com/azure/app-service/overview-access-restrictions
    """
    for rule in sorted(rules, key=lambda rule: rule.get("priority", 65000)):
        if _matches(client, str(rule.get("ipAddress", ""))):
            return str(rule.get("action", "Allow")).lower() == "allow"
    return not rules


def _matches(client: str, ranges: str) -> bool:
    return ranges.lower() == "any" or any(_within(client, part.strip()) for part in ranges.split(","))


def _within(client: str, network: str) -> bool:
    with suppress(ValueError):  # a service tag, such as AzureCloud: no address of this machine is in one
        return ipaddress.ip_address(client) in ipaddress.ip_network(network, strict=False)
    return False
