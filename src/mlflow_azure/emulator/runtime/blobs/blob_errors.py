"""The errors of blob storage, in its own words: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping


class BlobError(Exception):
    """A request was refused, with the service's code and message, and response headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the response. A real one: github.com/Azure/AI-Landing-Zones/issues/64."""
        request_id = str(uuid.uuid4())
        message = f"{self}\nRequestId:{request_id}\nTime:{datetime.now(UTC).isoformat()}"
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{self.code}</Code>'
            f"<Message>{escape(message)}</Message></Error>"
        )
        headers = {"x-ms-request-id": request_id, "x-ms-error-code": self.code, **self.headers}
        return Response(body, self.status, headers, media_type="application/xml")


def authentication_failed(detail: str) -> BlobError:
    """Return the error for invalid credentials."""
    return BlobError(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        f"including the signature. {detail}",
    )
