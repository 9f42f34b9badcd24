"""What the resources share in talking to Azure Resource Manager: reading, regions, tags."""

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
"""Of a web app: which MLflow it was made for. 1.5.0 has no such tag."""
RELEASE = "mlflow-release"
"""Of a web app of MLflow 3: which release its image has. The database's schema is that release's."""
ACCESS = "mlflow-azure-access"
"""Of a web app: that someone decided to let everyone in, without which MLflow 3 is not put on the internet."""
PUBLIC = "public"
NETWORK, PRIVATE = "mlflow-azure-network", "private"
"""Of a web app: that it reaches its database in a virtual network, and the database has no public address."""
UPGRADE = "mlflow-azure-upgrade"
"""Of a web app: how far the way from 1.5.0 to 3 is."""
SWITCHED, FINISHED, ROLLED_BACK = "switched", "finished", "rolled-back"
CHANGED = "mlflow-azure-changed"
"""Of a web app: which command was the last to write what several do. https://learn.microsoft.com/rest/api/resources/tags"""
LEFT_ASIDE = "mlflow-azure-left-aside"
"""Of a web app: how many runs are only in the file share, since they could not be moved."""

_SETTLED = frozenset({"succeeded", "failed", "canceled", ""})


def our_tags(deployment: str) -> dict[str, str]:
    """The tags of everything that a deployment makes."""
    return {MANAGED_BY: OURS, DEPLOYMENT: deployment, VERSION: __version__}


def is_tagged_ours(tags: Mapping[str, str] | None) -> bool:
    """Whether a resource with these tags was made, or taken over, by mlflow-azure."""
    return (tags or {}).get(MANAGED_BY) == OURS


def get(what: str, read: Callable[[], Any]) -> dict[str, Any] | None:
    """The live resource as the JSON that Azure answers with; None where it (or what it lives in) does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with doing(f"reading {what}"):
        try:
            return body(read())
        except ResourceNotFoundError:
            return None


def body(model: Any) -> dict[str, Any]:
    """What Azure answered with, as JSON, with its region and tags in one spelling."""
    found: dict[str, Any] = model.as_dict()
    if "location" in found:
        found["location"] = canonical_location(found["location"])
    return {**found, "tags": found.get("tags") or {}}


def sent(body: Mapping[str, Any]) -> Any:
    """A request body as the SDKs send it. Their newest types admit models and bytes only; all of them take JSON."""
    return dict(body)


def get_settled(azure: Azure, what: str, read: Callable[[], Any]) -> dict[str, Any] | None:
    """Like `get`, waiting while an earlier run's operation on the resource is still under way.

    What an earlier run asked for and Azure could not make counts as not there: it is made again.
    """

    def settled() -> tuple[dict[str, Any] | None] | None:
        live = get(what, read)
        state = str(((live or {}).get("properties") or {}).get("provisioningState") or "").lower()
        if state not in _SETTLED:
            return None
        return (None if state in ("failed", "canceled") else live,)

    return azure.deadline.poll(settled)[0]


def group_id(azure: Azure, group: str) -> str:
    """The id of a resource group."""
    return f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}"


def same_id(left: str | None, right: str) -> bool:
    """Whether two resource ids name the same resource: Azure changes their case at will."""
    return (left or "").lower() == right.lower()
