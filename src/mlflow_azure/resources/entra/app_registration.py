"""The app registration in Microsoft Entra ID that people and programs sign in to.

Its properties: https://learn.microsoft.com/graph/api/resources/application. The identifier URI names tenant and host.
Tenants accept this form (https://learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions),
and since it is unique in the tenant, it identifies the registration of an earlier run.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.engine.node import Given, Node, Properties, Removable, Report
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.entra.directory_lists import by_name, in_lists, merged

if TYPE_CHECKING:
    from mlflow_azure.azure.microsoft_graph import MicrosoftGraph
    from mlflow_azure.resources.web.web_app import WebApp

CALLBACK_PATH = "/.auth/login/aad/callback"
SCOPE = "user_impersonation"
"""The scope's name in App Service's own guide."""
ROLE = "MLflow.Access"
COMMAND_LINES = {
    "Azure CLI": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "Azure PowerShell": "1950a258-227b-4e31-a9cf-717495945fc2",
}
"""Clients that may get a token for a user without separate consent, so that `az login` is enough.
Ids: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in."""
_SCOPE = {
    "value": SCOPE,
    "type": "User",
    "isEnabled": True,
    "adminConsentDisplayName": "Use MLflow",
    "adminConsentDescription": "Log and read MLflow runs on behalf of the signed-in user.",
    "userConsentDisplayName": "Use MLflow",
    "userConsentDescription": "Log and read MLflow runs on your behalf.",
}
_ROLE = {
    "value": ROLE,
    "displayName": "MLflow user",
    "description": "May use the MLflow server.",
    "allowedMemberTypes": {"User": True, "Application": True},
    "isEnabled": True,
}
_TAG_PREFIX = "mlflow-azure:"


@dataclass(frozen=True)
class GivenRegistration:
    """A registration managed by someone else.

    Attributes:
        client_id: Its client id.
        audiences: The accepted audiences of tokens.

    """

    client_id: str
    audiences: tuple[str, ...]


class AppRegistration(AzureResource, Removable):
    """The registration of a web app, with a scope for users, and a role for allowed principals.

    Args:
        name: Its display name.
        tenant_id: The tenant it is in.
        client_id: Its client id if known; otherwise it is found by its identifier URI.
        wanted: Whether it should exist.
        after: Nodes that are done before it.

    """

    kind = "app registration"

    def __init__(
        self,
        site: WebApp,
        name: str,
        *,
        tenant_id: str,
        client_id: str | None = None,
        wanted: bool = True,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(site.azure, name, needs=(site,), after=after)
        self.site = site
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.wanted = wanted

    @property
    def id(self) -> str:
        """A pseudo-id: Azure Resource Manager does not know registrations."""
        return f"{self.site.id}/appRegistrations/{self.name}"

    def read(self, given: Given) -> Properties | None:
        """Return the registration used by the web app, or made for its host."""
        host = given(self.site, "host")
        if host is UNKNOWN:
            return None
        condition = (
            f"appId eq {quoted(self.client_id)}"
            if self.client_id
            else f"identifierUris/any(uri:uri eq {quoted(self._identifier(host))})"
        )
        with doing(f"looking for {self} in Microsoft Entra ID"):
            found = self.azure.directory.find("/applications", condition)
        return by_name(found[0]) if found else None

    def _identifier(self, host: str) -> str:
        return f"api://{self.tenant_id}/{host}"

    def desired(self, given: Given) -> Properties:
        """For accounts of the tenant, with the web app's actual host names, and v2 tokens."""
        host, url = given(self.site, "host"), given(self.site, "url")
        known = host is not UNKNOWN
        scope, role = self._permission(SCOPE), self._permission(ROLE)
        return {
            "displayName": self.name,
            "signInAudience": "AzureADMyOrg",
            "identifierUris": {self._identifier(host): True} if known else UNKNOWN,
            "tags": {deployment_tag(self.azure.subscription_id, self.site.group.name): True},
            "web": {
                "redirectUris": {url + CALLBACK_PATH: True} if known else UNKNOWN,
                "implicitGrantSettings": {"enableIdTokenIssuance": True},
            },
            "api": {
                "requestedAccessTokenVersion": 2,
                "oauth2PermissionScopes": {scope: _SCOPE},
                "preAuthorizedApplications": {
                    client: {"delegatedPermissionIds": {scope: True}} for client in COMMAND_LINES.values()
                },
            },
            "appRoles": {role: _ROLE},
        }

    def _permission(self, name: str) -> str:
        """Return the id of a scope or role: a stable GUID."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.site.id}/{name}".lower()))

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Register it. Clients can only be authorised for existing scopes, so that comes second."""
        body = in_lists(desired)
        first = {
            **body,
            "api": {key: value for key, value in body["api"].items() if key != "preAuthorizedApplications"},
        }
        with doing(f"creating {self} in Microsoft Entra ID"):
            made = self.azure.directory.create("/applications", first)
            self.azure.directory.update(f"/applications/{made['id']}", {"api": body["api"]})
        return {**by_name(made), **desired}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change it; lists are replaced as a whole, so manual additions are written again."""
        both = merged(live, desired)
        with doing(f"updating {self} in Microsoft Entra ID"):
            self.azure.directory.update(f"/applications/{live['id']}", in_lists({key: both[key] for key in desired}))
        return both

    def delete(self, live: Properties) -> None:
        delete_registration(self.azure.directory, self.name, live["id"])

    def is_ours(self, live: Properties) -> bool:
        return is_ours(live)

    def outputs(self, live: Properties) -> Properties:
        """object_id, client_id, role (its id), audiences of its tokens, credentials (dates and hints of passwords)."""
        return {
            "object_id": live["id"],
            "client_id": live["appId"],
            "role": self._permission(ROLE),
            "audiences": [live["appId"], *live["identifierUris"]],
            "credentials": live.get("passwordCredentials") or [],
        }

    def state(self, live: Properties) -> str:
        return str(live["appId"])


def client_id(client: AppRegistration | GivenRegistration | None, given: Given) -> Any:
    """Return the client id of either; UNKNOWN for a registration still to be created."""
    if isinstance(client, GivenRegistration):
        return client.client_id
    return None if client is None else given(client, "client_id")


def deployment_tag(subscription_id: str, group: str) -> str:
    """Return the tag of a deployment's registrations, which are outside its resource group."""
    return f"{_TAG_PREFIX}{subscription_id}/{group}".lower()


def is_ours(registration: Properties) -> bool:
    """Whether a registration, in either form, was created by mlflow-azure."""
    return any(tag.startswith(_TAG_PREFIX) for tag in registration.get("tags") or ())


def delete_registration(directory: MicrosoftGraph, name: str, object_id: str) -> None:
    """Delete a registration with its service principal, permanently if that is allowed.

    If it is not, Microsoft Entra ID keeps deleted objects for 30 days.
    """
    from azure.core.exceptions import HttpResponseError

    with doing(f"deleting app registration {name} in Microsoft Entra ID"):
        directory.delete(f"/applications/{object_id}")
        with suppress(HttpResponseError):
            directory.purge(object_id)
