"""Which requests are retried, and when: those that are safe to repeat, and never past the deadline.

The SDK retries GET, HEAD, PUT and DELETE after a broken connection, and every POST after a 500, 503 or 504
(azure/core/pipeline/policies/_retry.py). Both are wrong here: many POSTs of Resource Manager only read, and
the others (scheduling a build, adding a password) may have been carried out before the error.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.pipeline.policies import RetryPolicy

    from mlflow_azure.deadline import Deadline

_HARMLESS_POST = re.compile(r"/(list\w*|check\w*|get\w*|register|lease)$", re.IGNORECASE)
"""Path suffixes of POSTs that only read (`listKeys`, `appsettings/list`, `checkNameAvailability`), and of idempotent
ones: the registration of a provider, and leases, whose ids we choose."""
NOT_BEGUN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses of a service that has not begun to carry out a request, and says when to retry:
https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"""
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Transient failures: the statuses that the SDK retries."""


def is_repeatable(method: str, path: str) -> bool:
    """Whether a request is idempotent.

    Our PATCHes are: they set values, whatever was there before.
    """
    return method.upper() != "POST" or _HARMLESS_POST.search(path) is not None


def retry_policy(deadline: Deadline) -> RetryPolicy[Any, Any]:
    """The retry policy of an SDK pipeline, which waits until `deadline` at most."""
    return _policy()(deadline)


@cache
def _policy() -> Callable[[Deadline], RetryPolicy[Any, Any]]:
    from urllib.parse import urlsplit

    from azure.core.pipeline.policies import RetryPolicy

    class BoundedRetryPolicy(RetryPolicy[Any, Any]):
        def __init__(self, deadline: Deadline) -> None:
            super().__init__()
            self._deadline = deadline

        def _is_method_retryable(self, settings: dict[str, Any], request: Any, response: Any = None) -> bool:
            return is_repeatable(request.method, urlsplit(request.url).path)

        # Requests that are not idempotent are retried only if the service asks for it, with Retry-After.
        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            sent, answer = response.http_request, response.http_response
            if not self._is_method_retryable(settings, sent) and answer.status_code not in NOT_BEGUN:
                return False
            return bool(super().is_retry(settings, response))

        def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
            asked = self.get_retry_after(response) if response else None
            self._deadline.sleep(asked or self.get_backoff_time(settings))

    return BoundedRetryPolicy
