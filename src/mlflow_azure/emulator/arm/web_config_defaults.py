"""The configuration of a new web app in App Service's responses: all fields, including null ones.

Seen in recordings of Azure: of 2023 and 2024, api-version 2023-01-01 (azure-cli, command module appservice), and of
2026 (azure-service-operator), which have more fields, whatever the api-version.
"""

from __future__ import annotations

from typing import Any

ALLOW_ALL = {
    "ipAddress": "Any",
    "action": "Allow",
    "priority": 2147483647,
    "name": "Allow all",
    "description": "Allow all access",
}
DENY_ALL = {**ALLOW_ALL, "action": "Deny", "name": "Deny all", "description": "Deny all access"}
# Fields that are not set.
_UNSET = (
    *("windowsFxVersion", "azureMonitorLogCategories", "acrUserManagedIdentityID", "publishingPassword"),
    *("appSettings", "metadata", "connectionStrings", "machineKey", "handlerMappings", "documentRoot", "javaVersion"),
    *("javaContainer", "javaContainerVersion", "runtimeADUser", "runtimeADUserPassword", "limits", "autoHealRules"),
    *("tracingOptions", "publicNetworkAccess", "cors", "push", "apiDefinition", "apiManagementConfig"),
    *("autoSwapSlotName", "managedServiceIdentityId", "xManagedServiceIdentityId", "keyVaultReferenceIdentity"),
    *("ipSecurityRestrictionsDefaultAction", "scmIpSecurityRestrictionsDefaultAction", "minTlsCipherSuite"),
    *("supportedTlsCipherSuites", "functionAppScaleLimit", "healthCheckPath", "websiteTimeZone", "sitePort"),
    *("remoteDebuggingVersion", "scmSupportedTlsCipherSuites", "scmMinTlsCipherSuite", "sandboxType"),
)
_DEFAULTS: dict[str, Any] = {
    "numberOfWorkers": 1,
    "defaultDocuments": [
        *("Default.htm", "Default.html", "Default.asp", "index.htm", "index.html", "iisstart.htm", "default.aspx"),
        *("index.php", "hostingstart.html"),
    ],
    "netFrameworkVersion": "v4.0",
    "phpVersion": "",
    "pythonVersion": "",
    "nodeVersion": "",
    "powerShellVersion": "",
    "linuxFxVersion": "",
    "windowsConfiguredStacks": [],
    "requestTracingEnabled": False,
    "remoteDebuggingEnabled": False,
    "httpLoggingEnabled": False,
    "acrUseManagedIdentityCreds": False,
    "logsDirectorySizeLimit": 35,
    "detailedErrorLoggingEnabled": False,
    "scmType": "None",
    "use32BitWorkerProcess": True,
    "webSocketsEnabled": False,
    "alwaysOn": False,
    "appCommandLine": "",
    "managedPipelineMode": "Integrated",
    "virtualApplications": [
        {"virtualPath": "/", "physicalPath": "site\\wwwroot", "preloadEnabled": False, "virtualDirectories": None}
    ],
    "winAuthAdminState": 0,
    "winAuthTenantState": 0,
    "customAppPoolIdentityAdminState": False,
    "customAppPoolIdentityTenantState": False,
    "loadBalancing": "LeastRequests",
    "routingRules": [],
    "experiments": {"rampUpRules": []},
    "autoHealEnabled": False,
    "vnetName": "",
    "vnetRouteAllEnabled": False,
    "vnetPrivatePortsCount": 0,
    "localMySqlEnabled": False,
    "ipSecurityRestrictions": [ALLOW_ALL],
    "scmIpSecurityRestrictions": [ALLOW_ALL],
    "scmIpSecurityRestrictionsUseMain": False,
    "http20Enabled": True,
    "minTlsVersion": "1.2",
    "scmMinTlsVersion": "1.2",
    "ftpsState": "FtpsOnly",
    "preWarmedInstanceCount": 0,
    "elasticWebAppScaleLimit": 0,
    "fileChangeAuditEnabled": False,
    "functionsRuntimeScaleMonitoringEnabled": False,
    "minimumElasticInstanceCount": 0,
    "azureStorageAccounts": {},
    "http20ProxyFlag": 0,
    "antivirusScanEnabled": False,
    "storageType": "StorageVolume",
    "sitePrivateLinkHostEnabled": False,
    "clusteringEnabled": False,
    "webJobsEnabled": False,
}
# What a site's own answer shows of it, as the recordings have it; the rest is null there.
_SHOWN = (
    *("numberOfWorkers", "linuxFxVersion", "windowsFxVersion", "acrUseManagedIdentityCreds", "alwaysOn"),
    "http20Enabled",
)
# What was asked for, and is not shown yet of a site that was just created.
_NOT_YET = {"linuxFxVersion": "", "windowsFxVersion": None}
_SHOWN_ANYWAY = {
    **dict.fromkeys(("functionAppScaleLimit", "minimumElasticInstanceCount"), 0),
    **dict.fromkeys(("clusteringEnabled", "webJobsEnabled"), False),
}


def new_configuration(site: str) -> dict[str, Any]:
    """Properties of `config/web`, except those of sign-in."""
    return {**dict.fromkeys(_UNSET), **_DEFAULTS, "publishingUsername": f"${site}"}


def in_site(configuration: dict[str, Any]) -> dict[str, Any]:
    """The `siteConfig` in a site's own response: almost everything is null there, whatever is configured."""
    shown = {name: configuration[name] for name in _SHOWN}
    return {**dict.fromkeys(configuration), **_SHOWN_ANYWAY, **shown}


def in_created_site(configuration: dict[str, Any]) -> dict[str, Any]:
    """The `siteConfig` in the answer to a site's creation: not yet what was asked for."""
    return {**in_written_site(configuration), **_NOT_YET, "http20Enabled": False}


def in_written_site(configuration: dict[str, Any]) -> dict[str, Any]:
    """The `siteConfig` in the response to a PUT of an existing site."""
    return {
        **in_site(configuration),
        "functionAppScaleLimit": None,
        "elasticWebAppScaleLimit": 0,
        "ipSecurityRestrictions": [ALLOW_ALL],
        "scmIpSecurityRestrictions": [ALLOW_ALL],
    }


def complete_applications(applications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a request's virtual applications with all fields that App Service returns."""
    return [{"preloadEnabled": False, "virtualDirectories": None, **each} for each in applications]


def new_logs() -> dict[str, Any]:
    """Properties of `config/logs`."""
    return {
        "applicationLogs": {
            "fileSystem": {"level": "Off"},
            "azureTableStorage": {"level": "Off", "sasUrl": None},
            "azureBlobStorage": {"level": "Off", "sasUrl": None, "retentionInDays": None},
        },
        "httpLogs": {
            "fileSystem": {"retentionInMb": 35, "retentionInDays": None, "enabled": False},
            "azureBlobStorage": {"sasUrl": None, "retentionInDays": None, "enabled": False},
        },
        "failedRequestsTracing": {"enabled": False},
        "detailedErrorMessages": {"enabled": False},
    }


def written_logs(wanted: dict[str, Any]) -> dict[str, Any]:
    """Properties of `config/logs` after a request. Recorded in 2023 and 2024, version 2023-01-01."""
    logs = completed(wanted, new_logs())
    level, files = logs["applicationLogs"]["fileSystem"], logs["httpLogs"]["fileSystem"]
    level["level"] = str(level["level"]).capitalize()
    logs["httpLogs"]["azureBlobStorage"]["retentionInDays"] = files["retentionInDays"]
    return logs


def in_configuration(logs: dict[str, Any]) -> dict[str, Any]:
    """What `config/web` says of `config/logs`."""
    files = logs["httpLogs"]["fileSystem"]
    return {
        "requestTracingEnabled": bool(logs["failedRequestsTracing"]["enabled"]),
        "detailedErrorLoggingEnabled": bool(logs["detailedErrorMessages"]["enabled"]),
        "httpLoggingEnabled": bool(files["enabled"]),
        "logsDirectorySizeLimit": files["retentionInMb"],
    }


def new_slot_names() -> dict[str, Any]:
    """Properties of `config/slotConfigNames`."""
    return {"connectionStringNames": None, "appSettingNames": None, "azureStorageConfigNames": None}


def completed(wanted: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return what a request sets, with defaults for omitted fields at every depth."""
    answer = defaults | wanted
    for name, default in defaults.items():
        if isinstance(default, dict) and name in wanted:
            answer[name] = completed(wanted[name] or {}, default)
    return answer
