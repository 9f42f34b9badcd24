"""Role assignments: what an identity may do with a resource."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mlflow_azure.azure.refusals import doing, error_code
from mlflow_azure.azure.rest import eventually
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.engine.node import Given, Node, Properties, Removable, Report
from mlflow_azure.errors import ROLE_REFUSED, AzureRefusedError
from mlflow_azure.resources.base import AzureResource


@dataclass(frozen=True)
class Role:
    """A built-in role: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles."""

    name: str
    guid: str


ACR_PULL = Role("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d")
BLOB_CONTRIBUTOR = Role("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe")

ASK_AN_OWNER = (
    "Ask an owner for the Role Based Access Control Administrator role on the resource group, then run: mlflow-azure "
    "deploy"
)
ASK_FOR_ROLE = f"{ASK_AN_OWNER} --identity"


class RoleAssignment(AzureResource, Removable):
    """A role on a resource for an identity.

    Its name follows from both, so that running again finds it. If the identity already has the role, from anyone and on
    any parent scope, nothing is added.

    Args:
        scope: The resource.
        principal: The identity; its output `principal_id` is used.
        hint: What to do if Azure refuses to assign it.
        wanted: Whether it should exist.
        after: Nodes that are done before it.

    """

    kind = "role assignment"

    def __init__(
        self,
        role: Role,
        *,
        scope: AzureResource,
        principal: AzureResource,
        hint: str,
        wanted: bool = True,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(scope.azure, role.name, parent=scope, needs=(principal,), after=after)
        self.role = role
        self.scope = scope
        self.principal = principal
        self.hint = hint
        self.wanted = wanted

    @property
    def guid(self) -> str:
        """The assignment's name in Azure, which must be a GUID."""
        return str(uuid.uuid5(uuid.UUID(self.role.guid), f"{self.scope.id} {self.principal.id}".lower()))

    @property
    def id(self) -> str:
        return f"{self.scope.id}/providers/Microsoft.Authorization/roleAssignments/{self.guid}"

    def read(self, given: Given) -> Properties | None:
        """Return the assignment of the role to the identity, preferably ours; None if there is none."""
        principal = given(self.principal, "principal_id")
        if principal is UNKNOWN or principal is None:
            return None
        with doing(f"reading the roles of {self.principal} on {self.scope}"):
            listed = self.azure.authorization.role_assignments.list_for_scope(
                self.scope.id, filter=f"principalId eq '{principal}'"
            )
            found = [each for each in listed if self._counts(each.name, each.scope, each.role_definition_id)]
        if not found:
            return None
        first = min(found, key=lambda each: each.name != self.guid)
        return {"principalId": principal, "name": str(first.name)}

    def _counts(self, name: str, scope: str, role: str) -> bool:
        """Whether an assignment grants the role here; for removal, only ours counts."""
        allows = role.endswith(self.role.guid) and f"{self.scope.id}/".lower().startswith(f"{scope}/".lower())
        return allows and (self.wanted or name == self.guid)

    def desired(self, given: Given) -> Properties:
        """Assigned to the current identity."""
        return {"principalId": given(self.principal, "principal_id")}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Assign the role; the role service takes a moment to know a new identity."""
        principal = str(desired["principalId"])
        try:
            with doing(f"assigning the role {self.name} on {self.scope} to {self.principal}"):
                self._assign_anew(principal)
        except AzureRefusedError as refused:
            raise AzureRefusedError(refused.message, hint=self.hint, code=ROLE_REFUSED) from refused
        return {"principalId": principal, "name": self.guid}

    def _assign_anew(self, principal: str) -> None:
        from azure.core.exceptions import HttpResponseError

        try:
            self._assign(principal)
        except HttpResponseError as error:
            if error_code(error) != "RoleAssignmentUpdateNotPermitted":
                raise
            self._delete()  # left over from a deleted identity of this name
            self._assign(principal)

    def _assign(self, principal: str) -> None:
        assignments = self.azure.authorization.role_assignments  # first, since it imports the models for all threads
        from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

        roles = f"/subscriptions/{self.azure.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
        wanted = RoleAssignmentCreateParameters(
            role_definition_id=f"{roles}/{self.role.guid}", principal_id=principal, principal_type="ServicePrincipal"
        )
        eventually(
            self.azure.deadline,
            lambda: assignments.create_by_id(self.id, wanted),
            lambda error: error_code(error) == "PrincipalNotFound",
        )

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self.create(desired, given, report)

    def delete(self, live: Properties) -> None:
        with doing(f"deleting the role assignment {self.name} of {self.principal}"):
            self._delete()

    def _delete(self) -> None:
        self.azure.authorization.role_assignments.delete_by_id(self.id)

    def state(self, live: Properties) -> str:
        return "Assigned"
