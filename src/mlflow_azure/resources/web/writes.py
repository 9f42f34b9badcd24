"""Writes to App Service, which refuses what comes too soon after an earlier write."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mlflow_azure.azure.refusals import is_busy
from mlflow_azure.azure.rest import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Report

T = TypeVar("T")

BUSY_SECONDS = 120.0


def when_free(azure: Azure, request: Callable[[], T], report: Report | None = None) -> T:
    """The result of a write to a plan, a web app or a part of one, tried again for two minutes while Azure is busy."""

    def tell() -> None:
        if report is not None:
            report("Azure is still busy with an earlier change", None)

    return eventually(azure.deadline, request, is_busy, patience=BUSY_SECONDS, tell=tell)
