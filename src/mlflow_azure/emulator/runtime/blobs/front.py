"""The proxy in front of a storage account's blobs: it checks access, and forwards requests to Azurite.

Azurite has no roles. It could check tokens itself (`--oauth basic`), but only those of Microsoft's own issuers, only
over HTTPS, and not their signature. So a request admitted by its token is forwarded with a shared access signature
of the account instead, which is just a query, whereas a shared key would require signing each request again.

Clients address a real account by host name, `https://<account>.blob.core.windows.net/<container>`. Azurite on an IP
address expects `/<account>/<container>`, and there azure-storage 0.36 (used by MLflow 1.5.0) loses the account in
the range requests of downloads over 32 MB. Azurite also accepts the account in a host name of the form
`<account>.<anything>`: the proxy adds that name for the account's port, so that `http://127.0.0.1:<port>/` behaves like
Azure's.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mlflow_azure.emulator.runtime.blobs.asked import DELEGATION_KEY, Asked, asked
from mlflow_azure.emulator.runtime.blobs.blob_errors import BlobError, authentication_failed
from mlflow_azure.emulator.runtime.blobs.signatures import account_signature, as_service_signature, delegation_key
from mlflow_azure.emulator.runtime.proxy import ReverseProxy
from mlflow_azure.emulator.runtime.uris import is_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    # Returns the caller's object id and tenant, if known; raises BlobError without access.
    Admit = Callable[[Asked], tuple[str, str]]

_MOMENT = re.compile(r"<(Start|Expiry)>([^<]+)</\1>")
_RENEW_AFTER = 3600.0
_KEY_NAMES = {
    "SignedOid": "skoid",
    "SignedTid": "sktid",
    "SignedStart": "skt",
    "SignedExpiry": "ske",
    "SignedService": "sks",
    "SignedVersion": "skv",
}


class BlobFront:
    """The ASGI application of an account; `admit` decides whether each request may proceed."""

    def __init__(self, account: str, key: str, azurite_port: int, admit: Admit) -> None:
        self.key = key
        self.azurite_port = azurite_port
        self._account = account
        self._admit = admit
        self.open = asyncio.Event()
        self.open.set()
        self._signature = ("", "", 0.0)  # the key used, the query, and the time
        self._proxy = ReverseProxy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except BlobError as refusal:
            response = refusal.response()
        except httpx.TransportError as error:
            response = PlainTextResponse(f"Azurite does not respond: {error}", 503)
        await response(scope, receive, send)

    async def close(self) -> None:
        """Close the connections to Azurite."""
        await self._proxy.close()

    async def _answer(self, request: Request) -> Response:
        await self.open.wait()
        _require_uri(request)
        wanted = asked(self._account, request)
        if wanted.kind == "token" and request.url.scheme != "https":
            raise authentication_failed("Authentication scheme Bearer is not allowed with HTTP.")
        who = self._admit(wanted)
        if wanted.operation.action == DELEGATION_KEY and wanted.kind == "token":
            return await self._delegation_key(request, who)
        host = [("host", f"{self._account}.blob.localhost")]
        return await self._proxy.forward(self._passed_on(request, wanted), self.azurite_port, host)

    def _passed_on(self, request: Request, wanted: Asked) -> Request:
        """Return the request with a credential that Azurite accepts."""
        if wanted.kind == "delegation":
            query = as_service_signature(request, self._account, self.key)
        elif wanted.kind == "token":
            query = "&".join(filter(None, (request.scope["query_string"].decode(), self._own_signature())))
        else:
            return request
        headers = [header for header in request.headers.raw if header[0] != b"authorization"]
        return Request({**request.scope, "headers": headers, "query_string": query.encode()}, request.receive)

    def _own_signature(self) -> str:
        key, query, made = self._signature
        if key != self.key or time.monotonic() - made > _RENEW_AFTER:
            query = account_signature(self._account, self.key)
            self._signature = (self.key, query, time.monotonic())
        return query

    async def _delegation_key(self, request: Request, who: tuple[str, str]) -> Response:
        """https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key."""
        moments = dict(_MOMENT.findall((await request.body()).decode(errors="replace")))
        if "Expiry" not in moments:
            raise BlobError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
        principal, tenant = who
        described = {
            "skoid": principal,
            "sktid": tenant,
            "skt": moments.get("Start", ""),
            "ske": moments["Expiry"],
            "sks": "b",
            "skv": request.headers.get("x-ms-version", ""),
        }
        fields = "".join(f"<{name}>{described[short]}</{name}>" for name, short in _KEY_NAMES.items())
        value = f"<Value>{delegation_key(self.key, described)}</Value>"
        body = f'<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>{fields}{value}</UserDelegationKey>'
        return Response(body, media_type="application/xml")


def _require_uri(request: Request) -> None:
    """The text: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes."""
    if not is_uri(request):
        raise BlobError(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
