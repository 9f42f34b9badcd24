"""Writes to App Service, which refuses them too soon after an earlier write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mlflow_azure.azure.refusals import is_busy
from mlflow_azure.azure.rest import POLL_SECONDS, eventually
from mlflow_azure.azure.retries import PASSING
from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.turns import refuse_to_undo

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.base import AzureResource

T = TypeVar("T")

BUSY_SECONDS = 120.0
NOT_AGAIN: dict[str, Any] = {"retry_total": 0}
"""Option for requests that the SDK must not retry."""
_TRIES = 4


def when_free(azure: Azure, request: Callable[[], T], report: Report | None = None) -> T:
    """Return the result of a write to a plan, a web app or its parts, retried for two minutes while Azure is busy."""

    def tell() -> None:
        if report is not None:
            report("Azure is still busy with an earlier change", None)

    return eventually(azure.deadline, request, is_busy, patience=BUSY_SECONDS, tell=tell)


def read_anew(
    part: AzureResource,
    write: Callable[[Properties], T],
    desired: Properties,
    live: Properties,
    given: Given,
    report: Report,
) -> T:
    """Return the result of a contested write, which is never resent unchanged.

    The SDK waits as long as Azure asks, and then resends the same body, overwriting anything in between. Here the
    live state is read before each retry, which is refused if it would undo someone's change.

    Args:
        part: The part to write.
        write: Sends the desired state, merged with the live one, and NOT_AGAIN.

    """
    from azure.core.exceptions import AzureError, HttpResponseError

    patience, tries, wanted = Deadline(BUSY_SECONDS), 0, POLL_SECONDS

    def tried() -> tuple[T] | None:
        nonlocal tries, wanted
        tries += 1
        try:
            now = live if tries == 1 else part.read(given) or live
            refuse_to_undo(part, desired, live, now)
            return (write(now),)
        except AzureError as error:
            busy = isinstance(error, HttpResponseError) and is_busy(error)
            if not (busy and patience.remaining) and not (_may_pass(error) and tries < _TRIES):
                raise
            wanted = max(POLL_SECONDS, _asked(error))
        report("Azure is busy with an earlier change of it", None)
        return None

    return part.azure.deadline.poll(tried, every=lambda: wanted)[0]


def _may_pass(error: Exception) -> bool:
    """Whether a retry may succeed: after a transient error, or a broken connection."""
    from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

    if isinstance(error, HttpResponseError):
        return error.status_code in PASSING
    return isinstance(error, (ServiceRequestError, ServiceResponseError))


def _asked(error: Exception) -> float:
    """Return the seconds that Azure asks to wait."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0
