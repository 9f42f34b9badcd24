"""The service principal: the app registration in the tenant, which determines who can sign in.

https://learn.microsoft.com/graph/api/resources/serviceprincipal. Microsoft Entra ID decides who can sign in when
it issues a token: App Service itself can check individual users, but not groups
(https://github.com/Azure/azure-sdk-for-net/issues/38485).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.entra.app_registration import AppRegistration

IN_PORTAL = "WindowsAzureActiveDirectoryIntegratedApp"
"""The tag that makes the portal list a service principal as an enterprise application."""


@dataclass(frozen=True)
class Allowed:
    """Who can sign in.

    Attributes:
        principals: Object ids of users, groups and service principals; empty for everyone in the tenant.

    """

    principals: tuple[str, ...] = ()


class ServicePrincipal(AzureResource):
    """The service principal of an app registration.

    Args:
        allowed: Who can sign in; None leaves that unchanged.

    """

    kind = "service principal"

    def __init__(self, registration: AppRegistration, *, allowed: Allowed | None) -> None:
        super().__init__(registration.azure, registration.name, parent=registration, needs=(registration,))
        self.registration = registration
        self.allowed = allowed

    @property
    def id(self) -> str:
        return f"{self.registration.id}/servicePrincipal"

    def read(self, given: Given) -> Properties | None:
        """Return the service principal, with its assignments if they matter."""
        condition = f"appId eq {quoted(given(self.registration, 'client_id'))}"
        with doing(f"reading {self} in Microsoft Entra ID"):
            found = self.azure.directory.find("/servicePrincipals", condition)
            if not found:
                return None
            live = found[0]
            collection = f"/servicePrincipals/{live['id']}/appRoleAssignedTo"
            asked = self.allowed or live.get("appRoleAssignmentRequired")
            listed = self.azure.directory.members(collection) if asked else []
        assignments = {each["principalId"]: each["id"] for each in listed}
        return {**live, "assignments": assignments, "assigned": sorted(assignments), "people": _people(listed)}

    def desired(self, given: Given) -> Properties:
        """Enabled, and open to the allowed principals only."""
        if self.allowed is None:
            return {"accountEnabled": True}
        return {
            "accountEnabled": True,
            "assigned": sorted(self.allowed.principals),
            "appRoleAssignmentRequired": bool(self.allowed.principals),
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        body = {"appId": given(self.registration, "client_id"), "tags": [IN_PORTAL], **_own(desired)}
        with doing(f"creating {self} in Microsoft Entra ID"):
            made = self.azure.directory.create("/servicePrincipals", body)
            self._assign(made["id"], desired.get("assigned", ()), {}, given(self.registration, "role"))
        return {**made, **desired}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Set whether assignment is required, and assign exactly the allowed principals."""
        with doing(f"updating {self} in Microsoft Entra ID"):
            self.azure.directory.update(f"/servicePrincipals/{live['id']}", _own(desired))
            if "assigned" in desired:
                role = given(self.registration, "role")
                self._assign(live["id"], desired["assigned"], live["assignments"], role)
        return {**live, **desired}

    def _assign(self, object_id: str, wanted: Iterable[str], live: Mapping[str, str], role: str) -> None:
        collection = f"/servicePrincipals/{object_id}/appRoleAssignedTo"
        for principal in set(wanted) - set(live):
            body = {"principalId": principal, "resourceId": object_id, "appRoleId": role}
            self.azure.directory.relate(collection, body)
        for principal in set(live) - set(wanted):
            self.azure.directory.delete(f"{collection}/{live[principal]}")

    def state(self, live: Properties) -> str:
        return "For those assigned" if live.get("appRoleAssignmentRequired") else "For the whole tenant"


def _people(assignments: Iterable[Properties]) -> list[dict[str, str]]:
    """Return the assigned principals: name and kind, in Microsoft Graph's terms."""
    found = [{"name": str(each["principalDisplayName"]), "kind": str(each["principalType"])} for each in assignments]
    return sorted(found, key=lambda each: (each["kind"], each["name"]))


def _own(desired: Properties) -> dict[str, Any]:
    """Return the properties of the service principal itself, without the assignments, which are separate objects."""
    return {key: value for key, value in desired.items() if key != "assigned"}
