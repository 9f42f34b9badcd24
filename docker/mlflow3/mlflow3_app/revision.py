"""Tells in each answer which image serves it, so that a deployment knows its own container from the one before.

App Service lets the old container answer until the new one does. The digest is an app setting of the web app: an image
cannot know its own.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"mlflow-azure-image"


class Revision:
    """Adds the header to every answer of `app`."""

    def __init__(self, app: "ASGIApp", digest: str) -> None:
        self._app = app
        self._header = (HEADER, digest.encode())

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one connection, as ASGI has it."""

        async def tell(message: "Message") -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], self._header]
            await send(message)

        await self._app(scope, receive, tell)
