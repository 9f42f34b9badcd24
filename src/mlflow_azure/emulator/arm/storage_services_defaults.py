"""The fields of blob containers, file shares and of their services, as Azure answers them.

Seen in recordings of Azure of 2022 to 2026, api-versions 2021-04-01 to 2025-06-01 (azure-cli, azure-service-operator).

https://learn.microsoft.com/rest/api/storagerp/blob-containers and https://learn.microsoft.com/rest/api/storagerp/file-shares
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

# GiB of a share where a request does not say, and of any share of a standard account without large shares.
STANDARD_QUOTA = 5120
# How the blob service notes when a blob was last read, where a request does not say.
LAST_ACCESS_TRACKING = {"name": "AccessTimeTracking", "trackingGranularityInDays": 1, "blobType": ["blockBlob"]}
# What a request may set of a container.
SETTABLE_OF_CONTAINER = ("publicAccess", "metadata", "defaultEncryptionScope", "denyEncryptionScopeOverride")
# What the answer to a PUT or a PATCH says of a container, beside what the request set.
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
    """A container in a list, which says only whether there is a legal hold."""
    properties = {name: value for name, value in container["properties"].items() if name != "legalHold"}
    return {**container, "properties": properties}


def new_share() -> dict[str, Any]:
    """Properties of a new share."""
    return {
        "leaseStatus": "unlocked",
        "leaseState": "available",
        "accessTier": "TransactionOptimized",
        "accessTierChangeTime": _now(),
        "shareQuota": STANDARD_QUOTA,
        "signedIdentifiers": [],
    }


def listed_share(share: dict[str, Any]) -> dict[str, Any]:
    """A share in a list, which says its protocol, and not who may do what."""
    properties = {name: value for name, value in share["properties"].items() if name != "signedIdentifiers"}
    return {**share, "properties": {"enabledProtocols": "SMB", **properties}}


def new_service(kind: str) -> dict[str, Any]:
    """Properties of the `blobServices` or the `fileServices` of a new account."""
    cors: dict[str, Any] = {"cors": {"corsRules": []}}
    if kind == "blobServices":
        retention = {"allowPermanentDelete": False, "enabled": False}
        return cors | {"deleteRetentionPolicy": retention, "staticWebsite": {"enabled": False}}
    days = {"enabled": True, "days": 7}
    return cors | {"protocolSettings": {"smb": {}}, "shareDeleteRetentionPolicy": days}


def changed_service(live: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The properties of a service with what a request names of them; of a policy, it names what it changes."""
    changed = dict(live)
    for name, value in wanted.items():
        both = isinstance(value, dict) and isinstance(live.get(name), dict)
        changed[name] = {**live[name], **value} if both else value
    shares = changed.get("shareDeleteRetentionPolicy")
    if shares and not shares.get("enabled"):
        changed["shareDeleteRetentionPolicy"] = {**shares, "days": 0}
    return changed


def etag_and_time() -> tuple[str, str]:
    """What a write sets: a new tag, and when it was."""
    return f'"0x{secrets.token_hex(8).upper()}"', _now()


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")
