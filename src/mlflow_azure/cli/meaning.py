"""Describes changes in plain words instead of Azure Resource Manager's terms, which `--verbose` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.console.serial import plain
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.events import Difference, Step

_NETWORKS = "properties.ipSecurityRestrictions"
_OTHERS = "properties.ipSecurityRestrictionsDefaultAction"
_SIGN_IN = "properties.platform.enabled"
"""If this is turned on, all other additions are details of it."""
_WORDS = {
    "location": "region",
    "sku.name": "size",
    "sku.capacity": "instances",
    "context": "build context",
    "registrationState": "registration",
    "identity.systemAssigned": "managed identity",
    "properties.profile.capacity.minimum": "minimum instances",
    "properties.profile.capacity.maximum": "maximum instances",
    "properties.shareQuota": "quota in GiB",
    "properties.storage.storageSizeGB": "disk in GiB",
    "properties.httpsOnly": "HTTPS only",
    "properties.supportsHttpsTrafficOnly": "HTTPS only",
    "properties.minTlsVersion": "minimum TLS version",
    "properties.minimumTlsVersion": "minimum TLS version",
    "properties.scmMinTlsVersion": "minimum TLS version of the SCM site",
    "properties.ftpsState": "FTP",
    "properties.alwaysOn": "always on",
    "properties.linuxFxVersion": "image",
    "properties.healthCheckPath": "health check",
    "properties.state": "state",
    "properties.serverFarmId": "App Service plan",
    "properties.virtualNetworkSubnetId": "subnet",
    "properties.network.delegatedSubnetResourceId": "subnet",
    "properties.virtualNetwork.id": "virtual network",
    "subnets.database.delegatedTo": "subnet database, delegated to",
    "subnets.web-app.delegatedTo": "subnet web-app, delegated to",
    "properties.clientAffinityEnabled": "session affinity",
    "properties.acrUseManagedIdentityCreds": "image pull with managed identity",
    "properties.acrUserManagedIdentityID": "identity that pulls the image",
    "properties.adminUserEnabled": "admin user",
    "properties.allowBlobPublicAccess": "anonymous blob access",
    "properties.publicAccess": "anonymous access",
    "properties.allowSharedKeyAccess": "shared key access",
    "properties.authConfig.passwordAuth": "password authentication",
    "properties.globalValidation.requireAuthentication": "sign-in required",
    "properties.globalValidation.unauthenticatedClientAction": "without sign-in",
    _SIGN_IN: "sign-in",
    "web.redirectUris": "redirect URIs for sign-in",
    _OTHERS: "access for everyone else",
}
"""Plain names for paths of Azure Resource Manager and Microsoft Graph. Others are shown unchanged."""
_OF_MOUNTS = {"shareName": "file share", "mountPath": "mounted at", "accountName": "storage account"}
"""The same for storage mounts, by the last part of a path; the first part is the name of the mount."""
_TELLING = ("sku.name", "location", "properties.shareQuota", "properties.storage.storageSizeGB", "registrationState")
"""The values shown in the line of a new resource."""
_UNITS = {"properties.shareQuota": " GiB", "properties.storage.storageSizeGB": " GiB"}
_ON = {True: "on", False: "off", None: "(none)"}


def summary(step: Step) -> str:
    """Return the main facts of a new resource, such as "S1, westeurope"; empty for others."""
    if step.action is not Action.CREATE:
        return ""
    after = {each.path: each.after for each in step.differences}
    said = [f"{_value(after[path])}{_UNITS.get(path, '')}" for path in _TELLING if path in after]
    if _NETWORKS in after:
        said.append(f"access: {_access(after[_NETWORKS], after.get(_OTHERS))}")
    return ", ".join(said)


def lines(step: Step) -> list[str]:
    """Return one line per changed value of an existing resource; none for a new one."""
    return [] if step.action is Action.CREATE else list(_lines(step))


def _lines(step: Step) -> Iterator[str]:
    by_path = {each.path: each for each in step.differences}
    networks, others = by_path.get(_NETWORKS), by_path.get(_OTHERS)
    if networks:
        before = _access(networks.before, others.before if others else None)
        yield f"access: {before} → {_access(networks.after, others.after if others else None)}"
    begins = plain(by_path[_SIGN_IN].after) is True if _SIGN_IN in by_path else False
    for each in step.differences:
        told = (networks and each.path in (_NETWORKS, _OTHERS)) or (begins and each.before is None)
        if not told or each.path == _SIGN_IN:
            yield f"{_words(each.path)}: {_change(each)}"


def _words(path: str) -> str:
    if path.startswith("tags."):
        return f"tag {path.removeprefix('tags.')}"
    return _WORDS.get(path) or _OF_MOUNTS.get(path.rpartition(".")[2]) or path.removeprefix("properties.")


def _change(difference: Difference) -> str:
    before, after = _value(difference.before), _value(difference.after)
    return f"{before} → {after}" if before != after else f"{after}, changed"


def _value(value: Any) -> str:
    shown = plain(value)
    if shown is None or isinstance(shown, bool):
        return _ON[shown]
    if isinstance(shown, list):
        return ", ".join(map(str, shown)) or "(none)"
    return str(shown) or '""'


def _access(rules: Any, default: Any) -> str:
    """Who can reach a web app. With any rule, everyone else is denied, unless the default action allows them.

    https://learn.microsoft.com/azure/app-service/overview-access-restrictions
    """
    allowed = [rule for rule in rules or () if rule.get("action", "Allow") == "Allow"]
    if not rules:
        return "nobody" if default == "Deny" else "anyone"
    if default == "Allow":
        return "anyone"
    return f"only {', '.join(str(rule.get('ipAddress') or rule.get('name')) for rule in allowed)}"
