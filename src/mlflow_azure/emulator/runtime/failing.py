"""A storage service with injected faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from mlflow_azure.emulator.runtime.blobs.blob_errors import BlobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mlflow_azure.emulator.faults import Fault
    from mlflow_azure.emulator.runtime.listener import Address

    Strike = Callable[[str, str], Fault | None]


class Failing:
    """The ASGI application `app`, with faults given by `strike` for a method and a path.

    Attributes:
        cut: Closes the connection of a client.

    """

    def __init__(self, app: ASGIApp, strike: Strike) -> None:
        self._app = app
        self._strike = strike
        self.cut: Callable[[Address], None] = lambda _client: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, with or without a fault. Supports faults that respond or cut the connection."""
        fault = self._strike(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault and fault.kind == "status":
            refusal = BlobError(fault.status, fault.code, fault.message, fault.headers)
            await refusal.response()(scope, receive, send)
        elif fault and fault.kind.startswith("cut"):
            if fault.kind == "cut-after":
                await self._app(scope, receive, _nowhere)
            self.cut(scope["client"])
            await Response(status_code=500)(scope, receive, send)  # never sent: the connection is gone
        else:
            await self._app(scope, receive, send)


async def _nowhere(_message: Message) -> None:
    """Discard a response."""
