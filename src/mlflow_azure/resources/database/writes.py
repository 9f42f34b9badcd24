"""Writes to a PostgreSQL server, which refuses them while it is busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mlflow_azure.azure.refusals import is_server_busy
from mlflow_azure.azure.rest import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.polling import LROPoller

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Report

T = TypeVar("T")

BUSY_SECONDS = 600.0


def when_free(azure: Azure, begin: Callable[[], LROPoller[T]], report: Report) -> T:
    """Return the result of a write, retried for ten minutes while the server is busy.

    The server may say so at once or at the end of the operation; both are retried.
    """
    return eventually(
        azure.deadline,
        lambda: azure.wait(begin()),
        is_server_busy,
        patience=BUSY_SECONDS,
        tell=lambda: report("the server is still busy with an earlier change", None),
    )
