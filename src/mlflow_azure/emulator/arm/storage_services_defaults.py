"""The fields of blob containers, file shares and their services in Azure's responses.

Seen in recordings of Azure of 2022 to 2026, api-versions 2021-04-01 to 2025-06-01 (azure-cli, azure-service-operator).

https://learn.microsoft.com/rest/api/storagerp/blob-containers and https://learn.microsoft.com/rest/api/storagerp/file-shares
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

# GiB of a share by default, and at most for a standard account without large shares.
STANDARD_QUOTA = 5120
_TIER = "TransactionOptimized"
# The default of last-access tracking.
LAST_ACCESS_TRACKING = {"name": "AccessTimeTracking", "trackingGranularityInDays": 1, "blobType": ["blockBlob"]}
# Properties of a container that a request may set.
SETTABLE_OF_CONTAINER = (
    *("publicAccess", "metadata", "defaultEncryptionScope", "denyEncryptionScopeOverride"),
    *("enableNfsV3RootSquash", "enableNfsV3AllSquash"),
)
# Additional properties of a container in the response to a PUT or PATCH.
CREATED_CONTAINER: dict[str, Any] = {
    "deleted": False,
    "remainingRetentionDays": 0,
    "hasImmutabilityPolicy": False,
    "hasLegalHold": False,
}


def new_container() -> dict[str, Any]:
    """Properties of a new container."""
    return {
        "deleted": False,
        "remainingRetentionDays": 0,
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
        "publicAccess": "None",
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "legalHold": {"hasLegalHold": False, "tags": []},
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
    }


def listed_container(container: dict[str, Any]) -> dict[str, Any]:
    """Return a container in a list, which only says whether there is a legal hold: recorded in 2024."""
    properties = {
        name: value for name, value in container["properties"].items() if name not in ("legalHold", "metadata")
    }
    return {**container, "properties": {"immutableStorageWithVersioning": {"enabled": False}, **properties}}


def new_share(wanted: dict[str, Any]) -> dict[str, Any]:
    """Properties of a new share. With a quota and no tier, only lists tell its tier: recorded in 2024 and 2026."""
    return {
        "leaseStatus": "unlocked",
        "leaseState": "available",
        **({} if "shareQuota" in wanted else tier_of_share(_TIER)),
        "shareQuota": STANDARD_QUOTA,
        "signedIdentifiers": [],
    }


def tier_of_share(tier: str | None) -> dict[str, Any]:
    """Return what a share says of its tier once one was set."""
    return {"accessTier": tier, "accessTierChangeTime": _now()} if tier else {}


def listed_share(share: dict[str, Any], expanded: str) -> dict[str, Any]:
    """A share in a list, which says its protocol, and not who may do what; its metadata for `$expand=metadata`."""
    hidden = {"signedIdentifiers"} | (set() if "metadata" in expanded else {"metadata"})
    properties = {name: value for name, value in share["properties"].items() if name not in hidden}
    return {**share, "properties": {"enabledProtocols": "SMB", "accessTier": _TIER, **properties}}


def new_service(kind: str) -> dict[str, Any]:
    """Properties of the `blobServices` or the `fileServices` of a new account."""
    cors: dict[str, Any] = {"cors": {"corsRules": []}}
    if kind == "blobServices":
        retention = {"allowPermanentDelete": False, "enabled": False}
        return cors | {"deleteRetentionPolicy": retention, "staticWebsite": {"enabled": False}}
    days = {"enabled": True, "days": 7}
    return cors | {"protocolSettings": {"smb": {}}, "shareDeleteRetentionPolicy": days}


def changed_service(live: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a service updated by a request, which may contain only some fields of a policy."""
    changed = dict(live)
    for name, value in wanted.items():
        both = isinstance(value, dict) and isinstance(live.get(name), dict)
        changed[name] = {**live[name], **value} if both else value
    shares = changed.get("shareDeleteRetentionPolicy")
    if shares and not shares.get("enabled"):
        changed["shareDeleteRetentionPolicy"] = {**shares, "days": 0}
    return changed


def etag_and_time() -> tuple[str, str]:
    """Return what a write sets: a new ETag and the time."""
    return f'"0x{secrets.token_hex(8).upper()}"', _now()


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")
