"""Common code for Azure Resource Manager: reading, regions, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__
from mlflow_azure.azure.refusals import doing
from mlflow_azure.settings.naming import canonical_location

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlflow_azure.azure.clients import Azure

MANAGED_BY = "managed-by"
OURS = "mlflow-azure"
DEPLOYMENT = "mlflow-azure-deployment"
VERSION = "mlflow-azure-version"
MLFLOW_VERSION = "mlflow-version"
"""Tag of a web app: its MLflow version. 1.5.0 has no such tag."""
RELEASE = "mlflow-release"
"""Tag of an MLflow 3 web app: the release of its image, and of the database's schema."""
ACCESS = "mlflow-azure-access"
"""Tag of a web app: someone explicitly let everyone in, which MLflow 3 needs to be on the internet."""
PUBLIC = "public"
NETWORK, PRIVATE = "mlflow-azure-network", "private"
"""Tag of a web app: its database is in a virtual network, without a public address."""
UPGRADE = "mlflow-azure-upgrade"
"""Tag of a web app: the state of the upgrade from 1.5.0 to 3."""
SWITCHED, FINISHED, ROLLED_BACK = "switched", "finished", "rolled-back"
CHANGED = "mlflow-azure-changed"
"""Tag of a web app: the last command that made a contested write. https://learn.microsoft.com/rest/api/resources/tags"""
LEFT_ASIDE = "mlflow-azure-left-aside"
"""Tag of a web app: the number of runs that could not be moved and are only on the file share."""

_SETTLED = frozenset({"succeeded", "failed", "canceled", ""})


def our_tags(deployment: str) -> dict[str, str]:
    """Return the tags of everything that a deployment creates."""
    return {MANAGED_BY: OURS, DEPLOYMENT: deployment, VERSION: __version__}


def is_tagged_ours(tags: Mapping[str, str] | None) -> bool:
    """Whether a resource with these tags was created or adopted by mlflow-azure."""
    return (tags or {}).get(MANAGED_BY) == OURS


def get(what: str, read: Callable[[], Any]) -> dict[str, Any] | None:
    """Return the live resource as Azure's JSON; None if it (or its parent) does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with doing(f"reading {what}"):
        try:
            return body(read())
        except ResourceNotFoundError:
            return None


def body(model: Any) -> dict[str, Any]:
    """Return Azure's response as JSON, with a normalised region and tags."""
    found: dict[str, Any] = model.as_dict()
    if "location" in found:
        found["location"] = canonical_location(found["location"])
    return {**found, "tags": found.get("tags") or {}}


def sent(body: Mapping[str, Any]) -> Any:
    """Return a request body for the SDKs. Their newest types only allow models and bytes, but all accept JSON."""
    return dict(body)


def get_settled(azure: Azure, what: str, read: Callable[[], Any]) -> dict[str, Any] | None:
    """Like `get`, but wait while an earlier run's operation on the resource is still in progress.

    A resource that Azure failed to create for an earlier run counts as missing, and is created again.
    """

    def settled() -> tuple[dict[str, Any] | None] | None:
        live = get(what, read)
        state = str(((live or {}).get("properties") or {}).get("provisioningState") or "").lower()
        if state not in _SETTLED:
            return None
        return (None if state in ("failed", "canceled") else live,)

    return azure.deadline.poll(settled)[0]


def group_id(azure: Azure, group: str) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}"


def same_id(left: str | None, right: str) -> bool:
    """Whether two resource ids are the same: Azure's case varies."""
    return (left or "").lower() == right.lower()
