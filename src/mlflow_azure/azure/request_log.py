"""Logs each request: method, path, status and milliseconds.

Never the query, which may contain a signature, nor headers and bodies, which may contain keys.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests
    from azure.core.pipeline.policies import SansIOHTTPPolicy

LOGGER = logging.getLogger("mlflow_azure.requests")


@cache
def request_log() -> SansIOHTTPPolicy[Any, Any]:
    """The policy that logs the requests of an SDK pipeline, including retries."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class RequestLog(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            request.context["began"] = time.monotonic()

        def on_response(self, request: Any, response: Any) -> None:
            sent = request.http_request
            _tell(
                sent.method, sent.url, response.http_response.status_code, time.monotonic() - request.context["began"]
            )

    return RequestLog()


def tell_response(response: Any) -> None:
    """Log a request to a storage service, from the response passed to a `raw_response_hook`."""
    sent, answer = response.http_request, response.http_response
    _tell(sent.method, sent.url, answer.status_code, answer.internal_response.elapsed.total_seconds())


def tell_requests(session: requests.Session) -> None:
    """Log the requests of a session."""

    def tell(answer: requests.Response, **_: object) -> None:
        _tell(str(answer.request.method), str(answer.request.url), answer.status_code, answer.elapsed.total_seconds())

    session.hooks["response"].append(tell)


def _tell(method: str, url: str, status: int, seconds: float) -> None:
    where = urlsplit(url)
    LOGGER.debug("%s %s%s → %d (%.0f ms)", method, where.hostname, where.path, status, seconds * 1000)
