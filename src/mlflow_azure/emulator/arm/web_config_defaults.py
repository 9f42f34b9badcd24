"""The configuration of a new web app, as App Service answers it."""

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


def new_configuration(site: str) -> dict[str, Any]:
    """Properties of `config/web`."""
    return {
        "numberOfWorkers": 1,
        "defaultDocuments": ["index.htm", "index.html", "default.aspx", "index.php", "hostingstart.html"],
        "netFrameworkVersion": "v4.0",
        "phpVersion": "",
        "pythonVersion": "",
        "nodeVersion": "",
        "powerShellVersion": "",
        "linuxFxVersion": "",
        "windowsFxVersion": None,
        "requestTracingEnabled": False,
        "remoteDebuggingEnabled": False,
        "httpLoggingEnabled": False,
        "acrUseManagedIdentityCreds": False,
        "acrUserManagedIdentityID": None,
        "logsDirectorySizeLimit": 35,
        "detailedErrorLoggingEnabled": False,
        "publishingUsername": f"${site}",
        "appSettings": None,
        "connectionStrings": None,
        "scmType": "None",
        "use32BitWorkerProcess": True,
        "webSocketsEnabled": False,
        "alwaysOn": False,
        "appCommandLine": "",
        "managedPipelineMode": "Integrated",
        "virtualApplications": [{"virtualPath": "/", "physicalPath": "site\\wwwroot", "preloadEnabled": False}],
        "loadBalancing": "LeastRequests",
        "experiments": {"rampUpRules": []},
        "autoHealEnabled": False,
        "vnetName": "",
        "vnetRouteAllEnabled": False,
        "localMySqlEnabled": False,
        "managedServiceIdentityId": None,
        "ipSecurityRestrictions": [ALLOW_ALL],
        "ipSecurityRestrictionsDefaultAction": None,
        "scmIpSecurityRestrictions": [ALLOW_ALL],
        "scmIpSecurityRestrictionsDefaultAction": None,
        "scmIpSecurityRestrictionsUseMain": False,
        "http20Enabled": True,
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "ftpsState": "FtpsOnly",
        "healthCheckPath": None,
        "azureStorageAccounts": {},
        "publicNetworkAccess": None,
    }


def new_logs() -> dict[str, Any]:
    """Properties of `config/logs`."""
    blob = {"sasUrl": None, "retentionInDays": None, "enabled": False}
    return {
        "applicationLogs": {
            "fileSystem": {"level": "Off"},
            "azureTableStorage": {"level": "Off", "sasUrl": None},
            "azureBlobStorage": {"level": "Off", "sasUrl": None, "retentionInDays": None},
        },
        "httpLogs": {
            "fileSystem": {"retentionInMb": 35, "retentionInDays": None, "enabled": False},
            "azureBlobStorage": blob,
        },
        "failedRequestsTracing": {"enabled": False},
        "detailedErrorMessages": {"enabled": False},
    }


def new_auth_settings_v2() -> dict[str, Any]:
    """Properties of `config/authsettingsV2`: nothing else, where nobody has ever written them.

    Assumed: no published recording of it is known.
    """
    return {"platform": {"enabled": False}}
