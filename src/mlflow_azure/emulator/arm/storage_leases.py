"""Leases of blob containers, which Resource Manager can grant too.

https://learn.microsoft.com/rest/api/storagerp/blob-containers/lease
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body, Resources

_INFINITE = -1
_SHORTEST, _LONGEST = 15, 60  # seconds


async def lease_container(call: Call, container: Body) -> Answer:
    """Acquire, renew, change, release or break the lease of a container.

    What is refused when: https://learn.microsoft.com/rest/api/storageservices/lease-container#lease-states
    """
    hidden = call.world.resources.hidden(container["id"])
    lease: dict[str, Any] | None = _active(hidden)
    action, given = call.body.get("action"), str(call.body.get("leaseId") or "").lower()
    if action == "Acquire":
        return Answer({"leaseId": _acquired(call, hidden, lease)})
    if action not in ("Renew", "Change", "Release", "Break"):
        raise invalid_content("'action' has to be Acquire, Renew, Change, Release or Break.")
    kept: dict[str, Any] | None = hidden.get("lease")
    if kept is None or (lease is None and action != "Renew"):
        raise ArmError(409, "LeaseNotPresentWithContainerOperation", "There is currently no lease on the container.")
    if action != "Break" and kept["id"] != given:
        message = "The lease ID specified did not match the lease ID for the container."
        raise ArmError(409, "LeaseIdMismatchWithContainerOperation", message)
    if action in ("Release", "Break"):
        del hidden["lease"]
        return Answer({"leaseTimeSeconds": "0"} if action == "Break" else {"leaseId": given})
    if action == "Change":
        kept["id"] = str(call.body.get("proposedLeaseId") or "").lower()
    hidden["lease"] = _running(kept["id"], kept["seconds"])
    return Answer({"leaseId": kept["id"]})


def _acquired(call: Call, hidden: dict[str, Any], lease: dict[str, Any] | None) -> str:
    seconds = call.body.get("leaseDuration")
    if not isinstance(seconds, int) or (seconds != _INFINITE and not _SHORTEST <= seconds <= _LONGEST):
        raise invalid_content("'leaseDuration' has to be -1, or between 15 and 60.")
    wanted = str(call.body.get("proposedLeaseId") or uuid.uuid4()).lower()
    if lease and lease["id"] != wanted:
        raise ArmError(409, "LeaseAlreadyPresent", "There is already a lease present.")
    hidden["lease"] = _running(wanted, seconds)
    return wanted


def _running(lease: str, seconds: int) -> dict[str, Any]:
    return {"id": lease, "seconds": seconds, "ends": None if seconds == _INFINITE else time.time() + seconds}


def _active(hidden: dict[str, Any]) -> dict[str, Any] | None:
    lease: dict[str, Any] | None = hidden.get("lease")
    return lease if lease and (lease["ends"] is None or lease["ends"] > time.time()) else None


def with_lease(resources: Resources, container: Body) -> Body:
    """Return a container as in responses, with its lease."""
    lease = _active(resources.hidden(container["id"]))
    if lease is None:
        return container
    told = {
        "leaseStatus": "Locked",
        "leaseState": "Leased",
        "leaseDuration": "Infinite" if lease["ends"] is None else "Fixed",
    }
    return {**container, "properties": container["properties"] | told}


def refuse_leased(resources: Resources, container: Body) -> None:
    """Raise ArmError if a lease protects a container from deletion."""
    if _active(resources.hidden(container["id"])):
        message = "There is currently a lease on the container and no lease ID was specified in the request."
        raise ArmError(412, "LeaseIdMissing", message)
