"""Writes to App Service, which refuses what comes too soon after an earlier write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mlflow_azure.azure.refusals import is_busy
from mlflow_azure.azure.rest import POLL_SECONDS, eventually
from mlflow_azure.azure.retries import PASSING
from mlflow_azure.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Report

T = TypeVar("T")

BUSY_SECONDS = 120.0
NOT_AGAIN: dict[str, Any] = {"retry_total": 0}
"""Option of a request that the SDK is not to send again by itself."""
_TRIES = 4


def when_free(azure: Azure, request: Callable[[], T], report: Report | None = None) -> T:
    """The result of a write to a plan, a web app or a part of one, tried again for two minutes while Azure is busy."""

    def tell() -> None:
        if report is not None:
            report("Azure is still busy with an earlier change", None)

    return eventually(azure.deadline, request, is_busy, patience=BUSY_SECONDS, tell=tell)


def read_anew(azure: Azure, write: Callable[[bool], T], report: Report) -> T:
    """The result of a write that replaces what others write, too. It is not sent again as it is.

    The SDK waits as long as Azure asks for, and then sends the same body again, over whatever came meanwhile.

    Args:
        write: Sends it, with NOT_AGAIN. Told that it is a further try, it first reads what is there by then.
        report: Where to tell of waiting.

    """
    from azure.core.exceptions import AzureError

    patience, tries = Deadline(BUSY_SECONDS), 0
    while True:
        tries += 1
        try:
            return write(tries > 1)
        except AzureError as error:
            busy = _status(error) is not None and is_busy(error)
            if not (busy and patience.remaining) and not (_may_pass(error) and tries < _TRIES):
                raise
            asked = _asked(error)
        report("Azure is busy with an earlier change of it", None)
        azure.deadline.sleep(max(POLL_SECONDS, asked))


def _status(error: Any) -> int | None:
    return getattr(error, "status_code", None)


def _may_pass(error: Exception) -> bool:
    """Whether the next try may fare better: an answer of passing trouble, or a cut connection."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return _status(error) in PASSING or isinstance(error, (ServiceRequestError, ServiceResponseError))


def _asked(error: Any) -> float:
    """The seconds that Azure asks to wait."""
    response = getattr(error, "response", None)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return float(asked) if asked.isdigit() else 0.0
