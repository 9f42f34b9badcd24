"""The storage services' rules for URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from starlette.requests import Request


def is_uri(request: Request) -> bool:
    """Whether a request's path and query are ASCII, and UTF-8 where it is percent-encoded."""
    try:
        for part in (request.scope["raw_path"], request.scope["query_string"]):
            unquote_to_bytes(part.decode("ascii")).decode()
    except UnicodeDecodeError:
        return False
    return True
