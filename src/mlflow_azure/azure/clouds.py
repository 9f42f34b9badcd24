"""The Azure clouds: endpoints, token audiences, and names in `az`.

Host names of resources are not built from these: they are taken from Azure's responses.
Source: https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
https://learn.microsoft.com/azure/china/resources-developer-guide; of the audience of token exchange
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity; of
PostgreSQL's what `az cloud show` answers as ossrdbmsResourceId.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

    from mlflow_azure.secret import Secret


class CloudName(StrEnum):
    """The clouds that `--cloud` accepts."""

    PUBLIC = "public"
    USGOV = "usgov"
    CHINA = "china"
    EMULATOR = "emulator"


@dataclass(frozen=True)
class ClientSecret:
    """A service principal to sign in with, if the cloud itself provides one (the emulator does)."""

    tenant_id: str
    client_id: str
    secret: Secret


@dataclass(frozen=True)
class Cloud:
    """One Azure cloud.

    Attributes:
        resource_manager: Base URL of Azure Resource Manager, without a trailing slash.
        authority: Base URL of the Microsoft Entra sign-in endpoint.
        graph: Base URL of Microsoft Graph.
        app_service: Audience of tokens for the SCM sites (Kudu) of App Service.
        token_exchange: Audience of a managed identity's tokens for use as a federated credential.
        postgres: Audience of tokens for PostgreSQL flexible servers.
        postgres_private_zone: Suffix of the private DNS zones of PostgreSQL flexible servers.
        issuer_host: Base URL of the issuer of v2 tokens, if it is not the authority.
        portal: Base URL of the Azure portal; None if there is none.
        az_name: The cloud's name in `az`.
        site_scheme: URL scheme of web apps.
        ca_file: Certificate authority to trust instead of the system's, for the emulator.
        sign_in: Service principal that the cloud itself provides.
        subscription_id: Subscription to use if none is set.
        runs_containers: Whether web apps run the image itself. If not, only the cloud's own build of it
            works.
        remark: What a user should know when deploying to it.

    """

    name: CloudName
    resource_manager: str
    authority: str
    graph: str
    app_service: str = "https://appservice.azure.com"
    token_exchange: str = "api://AzureADTokenExchange"  # noqa: S105 -- an audience
    postgres: str = "https://ossrdbms-aad.database.windows.net"
    postgres_private_zone: str = "private.postgres.database.azure.com"
    issuer_host: str | None = None
    portal: str | None = None
    az_name: str | None = None
    site_scheme: str = "https"
    ca_file: str | None = None
    sign_in: ClientSecret | None = None
    subscription_id: str | None = None
    runs_containers: bool = True
    remark: str = ""

    @property
    def scope(self) -> str:
        """The OAuth scope of tokens for Azure Resource Manager."""
        return f"{self.resource_manager}/.default"

    @property
    def kudu_scopes(self) -> tuple[str, str]:
        """The OAuth scopes of tokens for Kudu: its own, then Resource Manager's, which some sites still need.

        Those of other clouds are azure-cli's; Microsoft has announced that Resource Manager's tokens will be refused:
        https://github.com/microsoft/vscode-azuretools/pull/2258
        """
        return f"{self.app_service}/.default", self.scope

    def issuer(self, tenant_id: str) -> str:
        """Return the URL of the issuer of a tenant's v2 tokens."""
        return f"{self.issuer_host or self.authority}/{tenant_id}/v2.0"

    def consent_page(self, tenant_id: str, client_id: str) -> str:
        """Return the page where an administrator consents to an app registration for everyone in a tenant.

        https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent
        """
        return f"{self.authority}/{tenant_id}/adminconsent?client_id={client_id}"

    @property
    def postgres_scope(self) -> str:
        """The OAuth scope of tokens for a PostgreSQL flexible server."""
        return f"{self.postgres}/.default"

    def portal_page(self, resource_id: str) -> str | None:
        """Return the portal page of a resource; None if there is no portal."""
        return f"{self.portal}/#resource{resource_id}" if self.portal else None

    @property
    def transport(self) -> dict[str, Any]:
        """Return the keyword arguments that every SDK client of this cloud needs.

        The emulator listens on loopback: a company proxy must be bypassed.
        """
        from mlflow_azure.azure.transport import sdk_transport

        return {"transport": sdk_transport(self.ca_file)}

    def session(self) -> requests.Session:
        """Return an HTTP session for services of this cloud without an SDK client."""
        from mlflow_azure.azure.transport import session

        return session(self.ca_file)


PUBLIC = Cloud(
    CloudName.PUBLIC,
    resource_manager="https://management.azure.com",
    authority="https://login.microsoftonline.com",
    graph="https://graph.microsoft.com",
    portal="https://portal.azure.com",
    az_name="AzureCloud",
)
USGOV = Cloud(
    CloudName.USGOV,
    resource_manager="https://management.usgovcloudapi.net",
    authority="https://login.microsoftonline.us",
    graph="https://graph.microsoft.us",
    app_service="https://management.core.usgovcloudapi.net/",
    token_exchange="api://AzureADTokenExchangeUSGov",  # noqa: S106 -- an audience
    postgres="https://ossrdbms-aad.database.usgovcloudapi.net",
    postgres_private_zone="private.postgres.database.usgovcloudapi.net",
    portal="https://portal.azure.us",
    az_name="AzureUSGovernment",
)
CHINA = Cloud(
    CloudName.CHINA,
    resource_manager="https://management.chinacloudapi.cn",
    authority="https://login.chinacloudapi.cn",
    graph="https://microsoftgraph.chinacloudapi.cn",
    app_service="https://management.core.chinacloudapi.cn/",
    token_exchange="api://AzureADTokenExchangeChina",  # noqa: S106 -- an audience
    postgres="https://ossrdbms-aad.database.chinacloudapi.cn",
    postgres_private_zone="private.postgres.database.chinacloudapi.cn",
    issuer_host="https://login.partner.microsoftonline.cn",  # https://github.com/Azure/azure-dev/issues/5912
    portal="https://portal.azure.cn",
    az_name="AzureChinaCloud",
)

REMOTE_CLOUDS = {cloud.name: cloud for cloud in (PUBLIC, USGOV, CHINA)}
