"""Differences between Azure's clouds apart from host names. Selected with `PUT cloud {"name": …}`.

By default, the emulator is a cloud of its own: it issues tokens under its own address.
"""

from __future__ import annotations

from dataclasses import dataclass

APP_SERVICE = "https://appservice.azure.com"


@dataclass(frozen=True)
class Cloud:
    """One cloud.

    Attributes:
        issuer: The issuer in v2 tokens, before the tenant.
        kudu: The audience of tokens for SCM sites.
        kudu_takes_arm_tokens: Whether SCM sites also accept tokens for Resource Manager.
        postgres: The audience of tokens for PostgreSQL servers.
        graph: The audience of tokens for Microsoft Graph.

    """

    issuer: str
    kudu: str
    kudu_takes_arm_tokens: bool
    postgres: str
    graph: str


# Audiences of Kudu: github.com/Azure/azure-cli, command_modules/appservice; that those of Resource Manager still work
# in the public cloud: github.com/microsoft/vscode-azuretools/pull/2258. Issuers: the discovery documents of the sign-in
# endpoints; that China's is no name of its endpoint: github.com/Azure/azure-dev/issues/5912. Audiences of PostgreSQL
# and Graph: github.com/Azure/azure-cli, azure/cli/core/cloud.py, ossrdbms_resource_id and microsoft_graph_resource_id.
CLOUDS = {
    "public": Cloud(
        "https://login.microsoftonline.com",
        APP_SERVICE,
        kudu_takes_arm_tokens=True,
        postgres="https://ossrdbms-aad.database.windows.net",
        graph="https://graph.microsoft.com",
    ),
    "usgov": Cloud(
        "https://login.microsoftonline.us",
        "https://management.core.usgovcloudapi.net",
        kudu_takes_arm_tokens=False,
        postgres="https://ossrdbms-aad.database.usgovcloudapi.net",
        graph="https://graph.microsoft.us",
    ),
    "china": Cloud(
        "https://login.partner.microsoftonline.cn",
        "https://management.core.chinacloudapi.cn",
        kudu_takes_arm_tokens=False,
        postgres="https://ossrdbms-aad.database.chinacloudapi.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
    ),
}
