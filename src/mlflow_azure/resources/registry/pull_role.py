"""The web app's right to pull from the registry: a role assignment to its managed identity."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing, error_code
from mlflow_azure.azure.rest import eventually
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.engine.node import Given, Node, Properties, Removable, Report
from mlflow_azure.errors import ROLE_REFUSED, AzureRefusedError
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.web.web_app import WebApp

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#acrpull"""
ASK_FOR_ROLE = (
    "Ask an owner for the role Role Based Access Control Administrator on the resource group, then: "
    "mlflow-azure deploy --identity"
)


class PullRole(AzureResource, Removable):
    """The role AcrPull on the registry for the identity of the web app.

    Its name follows from registry and web app, so running again finds it. Where the identity has the role already, by
    whomever and on whatever scope above, nothing is added.
    """

    kind = "role assignment"

    def __init__(
        self, registry: ContainerRegistry, site: WebApp, *, wanted: bool = True, after: tuple[Node, ...] = ()
    ) -> None:
        super().__init__(registry.azure, "AcrPull", parent=registry, needs=(site,), after=after)
        self.registry = registry
        self.site = site
        self.wanted = wanted

    @property
    def guid(self) -> str:
        """The assignment's name in Azure, which has to be a GUID."""
        return str(uuid.uuid5(uuid.UUID(ACR_PULL), f"{self.registry.id} {self.site.id}".lower()))

    @property
    def id(self) -> str:
        """The assignment's id."""
        return f"{self.registry.id}/providers/Microsoft.Authorization/roleAssignments/{self.guid}"

    def read(self, given: Given) -> Properties | None:
        """The assignment of the role to the identity, ours before others'; None where there is none."""
        principal = given(self.site, "principal_id")
        if principal is UNKNOWN or principal is None:
            return None
        with doing(f"reading the roles of {self.site} on {self.registry}"):
            listed = self.azure.authorization.role_assignments.list_for_scope(
                self.registry.id, filter=f"principalId eq '{principal}'"
            )
            found = [each for each in listed if self._counts(each.name, each.scope, each.role_definition_id)]
        if not found:
            return None
        first = min(found, key=lambda each: each.name != self.guid)
        return {"principalId": principal, "name": str(first.name)}

    def _counts(self, name: str, scope: str, role: str) -> bool:
        """Whether an assignment allows to pull; to be taken away is only the one that we made."""
        allows = role.endswith(ACR_PULL) and f"{self.registry.id}/".lower().startswith(f"{scope}/".lower())
        return allows and (self.wanted or name == self.guid)

    def desired(self, given: Given) -> Properties:
        """For the identity that the web app has."""
        return {"principalId": given(self.site, "principal_id")}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Assign the role; an identity that was just made takes a moment until the role service knows it."""
        principal = str(desired["principalId"])
        try:
            with doing(f"assigning the role {self.name} on {self.registry} to {self.site}"):
                self._assign_anew(principal)
        except AzureRefusedError as refused:
            raise AzureRefusedError(refused.message, hint=ASK_FOR_ROLE, code=ROLE_REFUSED) from refused
        return {"principalId": principal, "name": self.guid}

    def _assign_anew(self, principal: str) -> None:
        from azure.core.exceptions import HttpResponseError

        try:
            self._assign(principal)
        except HttpResponseError as error:
            if error_code(error) != "RoleAssignmentUpdateNotPermitted":
                raise
            self._delete()  # left from a web app of this name that was deleted
            self._assign(principal)

    def _assign(self, principal: str) -> None:
        from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

        roles = f"/subscriptions/{self.azure.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
        wanted = RoleAssignmentCreateParameters(
            role_definition_id=f"{roles}/{ACR_PULL}", principal_id=principal, principal_type="ServicePrincipal"
        )
        eventually(
            self.azure.deadline,
            lambda: self.azure.authorization.role_assignments.create_by_id(self.id, wanted),
            lambda error: error_code(error) == "PrincipalNotFound",
        )

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Assign it to the identity that the web app has now."""
        return self.create(desired, given, report)

    def delete(self, live: Properties) -> None:
        """Take the role away again."""
        with doing(f"deleting the role assignment {self.name} of {self.site}"):
            self._delete()

    def _delete(self) -> None:
        self.azure.authorization.role_assignments.delete_by_id(self.id)

    def state(self, live: Properties) -> str:
        """It is there."""
        return "Assigned"
