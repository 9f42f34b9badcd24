"""App Service refuses a write to a web app while another one is in progress, such as its creation.

The creation continues after its response: github.com/hashicorp/terraform-provider-azurerm/issues/9703, and
github.com/Azure/terraform-azurerm-avm-res-web-site/pull/272, which retries. The text:
github.com/microsoft/vscode-azureappservice/issues/1306.
"""

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
    """Lock the web app that a request writes to, if any, for the `with` block.

    Raises:
        WebError: Another write holds it, or its creation is not finished.

    """
    head, found, _ = call.template.partition(_SITES)
    if not found or call.method not in ("PUT", "PATCH", "DELETE"):
        yield
        return
    site = (head + found).format_map(call.params).lower()
    existed = call.world.resources.find(site) is not None
    if site in call.world.busy or (existed and call.world.quirks.strikes("site_busy", site)):
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
        if not existed:
            call.world.quirks.begin("site_busy", site)
    finally:
        call.world.busy.discard(site)
