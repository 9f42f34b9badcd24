"""Whether Azure would make the PostgreSQL server of MLflow 3: its region, size and disk, and the quota of cores.

A server that cannot be made is refused only after minutes, when all else is there; so it is asked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.permissions import unless_forbidden
from mlflow_azure.azure.refusals import HINTS, doing
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.settings import POSTGRES
from mlflow_azure.settings.fitting import postgres_family, postgres_tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings

MIB = 1024
"""In a GiB."""


def is_wanted(settings: Settings) -> bool:
    """Whether the deployment has a server of its own."""
    return settings.mlflow_version == POSTGRES and settings.mlflow_backend_uri is None


def refuse_unavailable(azure: Azure, settings: Settings) -> None:
    """Raise AzureRefusedError where the region has no such server, or the subscription may not have it.

    https://learn.microsoft.com/rest/api/postgresql/capabilities-by-location/list
    """
    location = settings.rg_location

    def capabilities() -> list[Any]:
        with doing(f"asking which PostgreSQL servers region {location} has"):
            return list(azure.postgres.capabilities_by_location.list(location))

    listed: list[Any] | None = unless_forbidden(azure, f"PostgreSQL in region {location}", capabilities, None)
    if listed is None:
        return
    fault = _fault(listed, settings)
    if fault:
        raise AzureRefusedError(
            f"no PostgreSQL server of size {settings.postgres_sku} can be made in region {location}: {fault}",
            hint=HINTS["PostgresNotOffered"],
            code="PostgresNotOffered",
        )


def _fault(listed: list[Any], settings: Settings) -> str | None:
    """What stands in the way of the server, by what a region can do."""
    for each in listed:
        if str(each.restricted) == "Enabled" or str(each.status) == "Disabled":
            return str(each.reason or "the region is restricted for this subscription")
    tier, sku = postgres_tier(settings.postgres_sku), f"Standard_{settings.postgres_sku}".lower()
    editions = [edition for each in listed for edition in each.supported_server_editions or () if edition.name == tier]
    found = [size for edition in editions for size in edition.supported_server_skus or () if _is(size, sku)]
    if not found:
        return f"the region does not have it ({tier})"
    disks = set(_disks(editions))
    if disks and settings.postgres_storage_size not in disks:
        return f"its disk can have {', '.join(map(str, sorted(disks)))} GiB, and not {settings.postgres_storage_size}"
    return None


def _is(size: Any, sku: str) -> bool:
    return str(size.name).lower() == sku and str(size.status) != "Disabled"


def _disks(editions: list[Any]) -> Iterator[int]:
    """The sizes of disk, in GiB."""
    for edition in editions:
        for kind in edition.supported_storage_editions or ():
            for disk in kind.supported_storage_mb or ():
                if disk.storage_size_mb:
                    yield disk.storage_size_mb // MIB


def exhausted(azure: Azure, settings: Settings) -> str | None:
    """What is used up of the subscription's cores for servers of this size; None where some are left, or who knows.

    https://learn.microsoft.com/rest/api/postgresql/quota-usages/list
    """

    def usages() -> list[Any]:
        with doing("reading the quota of PostgreSQL servers"):
            return list(azure.postgres.quota_usages.list(settings.rg_location))

    family = postgres_family(settings.postgres_sku).lower()
    listed: list[Any] = unless_forbidden(azure, "quota of PostgreSQL", usages, [])
    for usage in listed:
        used, limit = usage.current_value or 0, usage.limit
        if usage.name and str(usage.name.value).lower() == family and limit is not None and 0 <= limit <= used:
            return f"{usage.name.localized_value or usage.name.value}: {used} of {limit} used"
    return None
