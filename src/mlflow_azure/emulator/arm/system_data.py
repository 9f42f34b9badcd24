"""Who created a resource and who last changed it: the `systemData` of some services.

https://learn.microsoft.com/rest/api/containerregistry/registries/get#systemdata
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.arm.resources import Body


def system_data(call: Call, existing: Body | None) -> Body:
    """Return the `systemData` of a resource after a request."""
    now = datetime.now(UTC).isoformat()
    by = {"By": call.principal["appid"], "ByType": "Application", "At": now}
    changed = {f"lastModified{what}": value for what, value in by.items()}
    live = (existing or {}).get("systemData") or {f"created{what}": value for what, value in by.items()}
    return {"systemData": live | changed}
