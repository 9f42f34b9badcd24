"""App Service refuses a write to a web app while another one is at work on it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import WebError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.arm.call import Call

_SITES = "/providers/Microsoft.Web/sites/{site}"


@contextmanager
def exclusive_write(call: Call) -> Iterator[None]:
    """Hold the web app that a request writes to, if it writes to one, for the length of a `with` block.

    Raises:
        WebError: Another write holds it. The words: github.com/microsoft/vscode-azureappservice/issues/1306.

    """
    head, found, _ = call.template.partition(_SITES)
    if not found or call.method not in ("PUT", "PATCH", "DELETE"):
        yield
        return
    site = (head + found).format_map(call.params).lower()
    if site in call.world.busy:
        raise WebError(
            409,
            "Conflict",
            "Cannot modify this site because another operation is in progress. Details: "
            f"Id: {uuid.uuid4()}, OperationName: Update, CreatedTime: {datetime.now(UTC):%m/%d/%Y %I:%M:%S %p}, "
            f"RequestId: {uuid.uuid4()}, EntityType: 3",
        )
    call.world.busy.add(site)
    try:
        yield
    finally:
        call.world.busy.discard(site)
