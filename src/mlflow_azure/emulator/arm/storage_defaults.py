"""The fields of a storage account in Azure's responses, by kind and redundancy.

Seen in recordings of Azure of 2024, api-version 2023-05-01 (azure-cli, command module storage), and of 2026, 2025-06-01
(azure-service-operator).
"""

from __future__ import annotations

from typing import Any

from mlflow_azure.emulator.arm.region_places import PLACES

_STANDARD = ("LRS", "GRS", "RAGRS", "ZRS", "GZRS", "RAGZRS")
SKUS = (*(f"Standard_{redundancy}" for redundancy in _STANDARD), "Premium_LRS", "Premium_ZRS")
# The services of each kind of account, in Azure's order.
# https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
_SERVICES = {
    "StorageV2": ("dfs", "web", "blob", "queue", "table", "file"),
    "Storage": ("blob", "queue", "table", "file"),
    "BlobStorage": ("dfs", "blob", "table"),
    "BlockBlobStorage": ("dfs", "web", "blob"),
    "FileStorage": ("file",),
}
# Fields of the copy of the data in another region.
SECONDARY = ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints")
_RULES = ("virtualNetworkRules", "ipRules")
_NETWORK_RULES = {
    "ipv6Rules": [],
    "bypass": "AzureServices",
    "virtualNetworkRules": [],
    "ipRules": [],
    "defaultAction": "Allow",
}


def new_account(location: str, kind: str, now: str) -> dict[str, Any]:
    """Properties of a new account, before its endpoints are known."""
    return {
        "keyCreationTime": {"key1": now, "key2": now},
        "allowCrossTenantReplication": False,
        "allowCrossTenantDelegationSas": False,
        "privateEndpointConnections": [],
        "minimumTlsVersion": "TLS1_0",
        "allowBlobPublicAccess": False,
        "networkAcls": network_rules({}),
        "supportsHttpsTrafficOnly": True,
        "encryption": encryption({}, now),
        **tier_of(kind),
        "creationTime": now,
        "primaryLocation": location,
        "statusOfPrimary": "available",
    }


def tier_of(kind: str) -> dict[str, str]:
    """Return the default access tier of a kind; an account that is changed to a kind with one has it, too."""
    return {} if kind in ("Storage", "FileStorage") else {"accessTier": "Hot"}


def network_rules(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the complete firewall settings of a request."""
    rules = {name: [{"action": "Allow", **rule} for rule in wanted.get(name) or []] for name in _RULES}
    rules["virtualNetworkRules"] = [{"state": "Succeeded", **rule} for rule in rules["virtualNetworkRules"]]
    return {**_NETWORK_RULES, **{name: value for name, value in wanted.items() if value is not None}, **rules}


def encryption(wanted: dict[str, Any], now: str) -> dict[str, Any]:
    """Return the encryption settings: always for files and blobs, on request for queues and tables."""
    services = {"file": {}, "blob": {}} | (wanted.get("services") or {})
    described = {
        name: {"keyType": "Account", "enabled": True, "lastEnabledTime": now, **(service or {})}
        for name, service in services.items()
    }
    infrastructure = {name: wanted[name] for name in ("requireInfrastructureEncryption",) if wanted.get(name)}
    return {**infrastructure, "services": described, "keySource": "Microsoft.Storage"}


def endpoints_of(name: str, kind: str, suffix: str) -> dict[str, str]:
    """Return an account's endpoints by service; `suffix` follows the service in the host: ".core.localhost:20000"."""
    return {service: f"https://{name}.{service}{suffix}/" for service in _SERVICES.get(kind, _SERVICES["StorageV2"])}


def secondary(name: str, kind: str, sku: str, location: str, suffix: str) -> dict[str, Any]:
    """Return the secondary location and, if readable (RA), its endpoints. Files have none."""
    redundancy = sku.partition("_")[2]
    pair = PLACES[location].pair if location in PLACES else ""
    if not redundancy.endswith(("GRS", "GZRS")) or not pair:
        return {}
    found: dict[str, Any] = {"secondaryLocation": pair, "statusOfSecondary": "available"}
    if redundancy.startswith("RA"):
        readable = endpoints_of(f"{name}-secondary", kind, suffix)
        readable.pop("file", None)
        found["secondaryEndpoints"] = readable
    return found
