"""Tells in each answer which image serves it, with which app settings, so that a deployment knows its own container.

App Service lets the old container answer until the new one does. Both are app settings of the web app: an image cannot
know its own digest, and of the app settings only the time at which they were written is told.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    b"mlflow-azure-image": "MLFLOW_AZURE_IMAGE_DIGEST",
    b"mlflow-azure-keys-rotated": "MLFLOW_AZURE_KEYS_ROTATED",
}
"""The headers, and the app setting that each one tells. The second is named as in the image of 1.5.0."""


class Revision:
    """Adds the headers to every answer of `app`."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        told = {header: os.environ.get(setting) for header, setting in HEADERS.items()}
        self._headers = [(header, value.encode()) for header, value in told.items() if value]

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one connection, as ASGI has it."""

        async def tell(message: "Message") -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, tell)
