"""The local endpoint for tokens of a web app's managed identities, with App Service's protocol.

https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from mlflow_azure.emulator.runtime.listener import Listener
from mlflow_azure.emulator.runtime.spec import IdentityAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

_PATH = "/msi/token"
_API_VERSION = "2019-08-01"
_HEADER = "X-IDENTITY-HEADER"


class IdentityError(Exception):
    """No token is available; the text is the endpoint's message."""


def _no_tokens(_site: str, _query: Mapping[str, str]) -> dict[str, Any]:
    raise IdentityError("there are no identities")


class IdentityEndpoint:
    """Serves all web apps of a home, identified by a header that only their own processes know.

    `issue` returns the token and its metadata for a site's query, or raises IdentityError.
    """

    def __init__(self) -> None:
        self.issue: Callable[[str, Mapping[str, str]], dict[str, Any]] = _no_tokens
        self._headers: dict[str, str] = {}
        self._listener: Listener | None = None

    async def serve(self, port: int, also_on: str | None) -> None:
        """Begin to serve, `also_on` being an address by which containers reach this machine.

        Raises:
            RuntimeFaultError: Another program has the port.

        """
        self._listener = Listener(self, port, also_on=also_on)
        await self._listener.start()

    def access(self, site: str) -> IdentityAccess | None:
        """Return the endpoint for a site's processes; None if it is not served. Headers last as long as the daemon."""
        if self._listener is None:
            return None
        header = self._headers.setdefault(site, secrets.token_hex(16).upper())
        return IdentityAccess(f"http://127.0.0.1:{self._listener.port}{_PATH}", header)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> JSONResponse:
        given = request.headers.get(_HEADER, "")
        site = next((name for name, own in self._headers.items() if secrets.compare_digest(own, given)), None)
        if request.url.path != _PATH:
            return _refusal(404, "Not Found")
        if site is None:  # the status is assumed; that the header is required is documented
            return _refusal(401, f"The header {_HEADER} is missing or wrong.")
        if request.query_params.get("api-version") != _API_VERSION:
            return _refusal(400, f"The api-version has to be {_API_VERSION}.")
        if not request.query_params.get("resource"):
            return _refusal(400, "The parameter resource is required.")
        try:
            return JSONResponse(self.issue(site, request.query_params))
        except IdentityError as error:
            return _refusal(400, str(error))

    async def stop(self) -> None:
        """Stop serving."""
        if self._listener:
            await self._listener.stop()


def _refusal(status: int, message: str) -> JSONResponse:
    """Return an error in App Service's format: github.com/MicrosoftDocs/azure-docs/issues/43543."""
    return JSONResponse({"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())}, status)
