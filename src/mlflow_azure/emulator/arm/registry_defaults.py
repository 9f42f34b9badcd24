"""The fields of a container registry in Azure's responses, by SKU.

Seen in recordings of Azure of 2023, api-version 2023-11-01-preview (azure-cli, command module acr).
"""

from __future__ import annotations

from typing import Any

SKUS = ("Basic", "Standard", "Premium")
_GIB = 1024**3
# https://learn.microsoft.com/azure/container-registry/container-registry-skus
_LIMITS = {
    "Basic": {"Size": 10 * _GIB, "Webhooks": 2, "ScopeMaps": 100, "Tokens": 100},
    "Standard": {"Size": 100 * _GIB, "Webhooks": 10, "ScopeMaps": 500, "Tokens": 500},
    "Premium": {"Size": 500 * _GIB, "Webhooks": 500, "ScopeMaps": 50_000, "Tokens": 50_000},
}
_OPEN: dict[str, Any] = {"defaultAction": "Allow", "virtualNetworkRules": [], "ipRules": []}
_DISABLED = {"status": "disabled"}
_ENABLED = {"status": "enabled"}


def new_registry(now: str) -> dict[str, Any]:
    """Properties of a new registry, before its login server is known."""
    return {
        "creationDate": now,
        "adminUserEnabled": False,
        "policies": {
            "quarantinePolicy": _DISABLED,
            "trustPolicy": {"type": "Notary", **_DISABLED},
            "retentionPolicy": {"days": 7, "lastUpdatedTime": now, **_DISABLED},
            "exportPolicy": _ENABLED,
            "azureADAuthenticationAsArmPolicy": _ENABLED,
            "softDeletePolicy": {"retentionDays": 7, "lastUpdatedTime": now, **_DISABLED},
        },
        "encryption": _DISABLED,
        "dataEndpointEnabled": False,
        "dataEndpointHostNames": [],
        "privateEndpointConnections": [],
        "publicNetworkAccess": "Enabled",
        "networkRuleBypassOptions": "AzureServices",
        "zoneRedundancy": "Disabled",
        "anonymousPullEnabled": False,
        "metadataSearch": "Disabled",
    }


def changed(properties: dict[str, Any], wanted: dict[str, Any], sku: str) -> dict[str, Any]:
    """Return the properties updated by a request, which may contain only some policies.

    Only a Premium registry has a firewall.
    """
    live = properties.get("networkRuleSet") or {}
    named = {name: value for name, value in wanted.items() if value is not None}
    policies = {name: policy for name, policy in (named.pop("policies", None) or {}).items() if policy is not None}
    merged = {
        name: properties["policies"].get(name, {}) | _in_small_letters(policy) for name, policy in policies.items()
    }
    answer = properties | named | {"policies": properties["policies"] | merged}
    if sku == "Premium":
        rules = {name: value for name, value in (answer.get("networkRuleSet") or {}).items() if value is not None}
        answer["networkRuleSet"] = {**_OPEN, **live, **{name: _allowing(value) for name, value in rules.items()}}
    else:
        answer.pop("networkRuleSet", None)
    return answer


def _allowing(rules: Any) -> Any:
    return [{"action": "Allow", **rule} for rule in rules] if isinstance(rules, list) else rules


def _in_small_letters(policy: dict[str, Any]) -> dict[str, Any]:
    return policy | ({"status": policy["status"].lower()} if isinstance(policy.get("status"), str) else {})


def usages(sku: str, webhooks: int) -> list[dict[str, Any]]:
    """Return a registry's usage of its limits. The size of its images is not counted."""
    used, units = {"Webhooks": webhooks}, {"Size": "Bytes"}
    return [
        {"name": name, "limit": limit, "currentValue": used.get(name, 0), "unit": units.get(name, "Count")}
        for name, limit in _LIMITS[sku].items()
    ]


def webhook_limit(sku: str) -> int:
    """Return the maximum number of webhooks for a registry of this SKU."""
    return _LIMITS[sku]["Webhooks"]
