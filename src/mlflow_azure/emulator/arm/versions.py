"""Fields that were added or removed with an api-version: responses in other versions lack them.

Everywhere else resources have the fields of the newest version that was recorded. Seen in recordings of Azure of 2021
to 2026 (azure-cli, azure-service-operator): the version is the oldest that was answered with the field, and there is
an older one that was answered without. App Service answers any version with all of its fields, but for those here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# By resource type, in small letters, and by version: the fields that came with it.
_SINCE: dict[str, dict[str, tuple[str, ...]]] = {
    "microsoft.containerregistry/registries": {
        "2022-02-01": ("properties.policies.softDeletePolicy", "properties.policies.azureADAuthenticationAsArmPolicy"),
        "2023-11-01": ("properties.metadataSearch",),
    },
    "microsoft.dbforpostgresql/flexibleservers": {
        "2022-12-01": (
            *("systemData", "properties.authConfig", "properties.dataEncryption", "properties.replicaCapacity"),
            "properties.replicationRole",
        ),
        "2023-03-01": ("properties.storage.autoGrow",),
        "2023-06-01": (
            *("properties.privateEndpointConnections", "properties.replica", "properties.storage.iops"),
            *("properties.storage.tier", "properties.storage.type"),
        ),
    },
    "microsoft.managedidentity/userassignedidentities": {"2024-11-30": ("properties.isolationScope",)},
    "microsoft.network/privatednszones": {"2024-06-01": ("properties.internalId",)},
    "microsoft.network/virtualnetworks": {"2024-03-01": ("properties.privateEndpointVNetPolicies",)},
    "microsoft.storage/storageaccounts": {
        "2023-01-01": ("properties.networkAcls.ipv6Rules",),
        "2025-06-01": ("properties.allowCrossTenantDelegationSas",),
    },
    "microsoft.storage/storageaccounts/blobservices": {"2025-06-01": ("properties.staticWebsite",)},
    "microsoft.web/sites": {
        "2023-01-01": ("properties.defaultHostNameScope",),
        "2024-11-01": ("properties.outboundVnetRouting",),
    },
    "region": {"2022-12-01": ("type", "metadata.geography", "availabilityZoneMappings")},
}
# The same for fields that went: the newest version that was answered with them.
_UNTIL: dict[str, dict[str, tuple[str, ...]]] = {
    "microsoft.containerregistry/registries": {
        "2021-08-01-preview": ("properties.networkRuleSet.virtualNetworkRules",),
    },
    "microsoft.web/sites": {
        "2024-04-01": (
            *("properties.vnetRouteAllEnabled", "properties.vnetImagePullEnabled"),
            *("properties.vnetContentShareEnabled", "properties.vnetBackupRestoreEnabled"),
        ),
    },
}


def of_version(body: Any, version: str) -> Any:
    """Return a response without the fields that were added after a version ("2023-07-01", "2023-11-01-preview")."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("value"), list):
        return {**body, "value": [of_version(each, version) for each in body["value"]]}
    for path in _fields_of_others(str(body.get("type")).lower(), version):
        body = _without(body, path.split("."))
    return body


def _fields_of_others(resource_type: str, version: str) -> Iterator[str]:
    for since, fields in _SINCE.get(resource_type, {}).items():
        if version < since:
            yield from fields
    for until, fields in _UNTIL.get(resource_type, {}).items():
        if version > until:
            yield from fields


def _without(body: dict[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {key: value for key, value in body.items() if key != name}
    inner = body.get(name)
    return {**body, name: _without(inner, rest)} if isinstance(inner, dict) else body
