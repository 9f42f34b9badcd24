"""Checks whether Azure would create a PostgreSQL server: region, size, disk, and core quota.

A server that cannot be created is only refused after minutes, when everything else exists; so this is checked first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.permissions import unless_forbidden
from mlflow_azure.azure.refusals import HINTS, doing
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, TimedOutError
from mlflow_azure.settings.fitting import postgres_family, postgres_tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.mgmt.postgresqlflexibleservers.models import Capability, ServerEditionCapability

    from mlflow_azure.resources.database.flexible_server import FlexibleServer

MIB = 1024
"""In a GiB."""


def refuse_unavailable(server: FlexibleServer) -> None:
    """Raise AzureRefusedError if the region does not offer such a server, or the subscription may not have it.

    Its provider must be registered: otherwise Azure cannot answer, and the SDK would register it behind our back.
    https://learn.microsoft.com/rest/api/postgresql/capabilities-by-location/list
    """
    location = server.location

    def capabilities() -> list[Capability] | None:
        with doing(f"asking which PostgreSQL servers region {location} offers"):
            return list(server.azure.postgres.capabilities_by_location.list(location))

    listed = unless_forbidden(server.azure, f"PostgreSQL in region {location}", capabilities, None)
    fault = None if listed is None else _fault(listed, server)
    if fault:
        raise AzureRefusedError(
            f"creating {server} of size {server.sku} in region {location}: {fault}",
            hint=HINTS["PostgresNotOffered"],
            code="PostgresNotOffered",
        )


def _fault(listed: list[Capability], server: FlexibleServer) -> str | None:
    """Return why a region with these capabilities cannot have the server; None if it can."""
    for each in listed:
        if _says(each.restricted, "Enabled") or _says(each.status, "Disabled"):
            return str(each.reason or "the region is restricted for this subscription")
    tier, sku = postgres_tier(server.sku), f"Standard_{server.sku}"
    editions = [edition for each in listed for edition in each.supported_server_editions or () if edition.name == tier]
    sizes = [size for edition in editions for size in edition.supported_server_skus or ()]
    if not any(_says(size.name, sku) and not _says(size.status, "Disabled") for size in sizes):
        return f"the region does not offer it ({tier})"
    disks = set(_disks(editions))
    if disks and server.storage not in disks:
        return f"its disk can be {', '.join(map(str, sorted(disks)))} GiB, not {server.storage}"
    return None


def _says(found: object, word: str) -> bool:
    """Whether a value of Azure's, an enum or a text, is this word; Azure's case varies."""
    return str(getattr(found, "value", found)).lower() == word.lower()


def _disks(editions: list[ServerEditionCapability]) -> Iterator[int]:
    """Yield the disk sizes in GiB."""
    for edition in editions:
        for kind in edition.supported_storage_editions or ():
            for disk in kind.supported_storage_mb or ():
                if disk.storage_size_mb:
                    yield disk.storage_size_mb // MIB


def exhausted(server: FlexibleServer) -> str | None:
    """Return the exhausted core quota for servers of this size; None if there is some left, or it is unknown.

    https://learn.microsoft.com/rest/api/postgresql/quota-usages/list
    """
    try:
        with doing("reading the quota of PostgreSQL servers"):
            usages = list(server.azure.postgres.quota_usages.list(server.location))
    except TimedOutError:
        raise
    except MlflowAzureError:  # not every cloud tells; the server is then refused on creation
        return None
    family = postgres_family(server.sku)
    for usage in usages:
        used, limit = usage.current_value or 0, usage.limit
        if usage.name and _says(usage.name.value, family) and limit is not None and 0 <= limit <= used:
            return f"{usage.name.localized_value or usage.name.value}: {used} of {limit} used"
    return None
