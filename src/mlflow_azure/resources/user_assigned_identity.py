"""The identity of MLflow 3's web app, which signs in to database, storage and registry without secrets.

User-assigned, so that its roles and its database account take effect while the web app is still being created.
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.settings.naming import canonical_location

if TYPE_CHECKING:
    from azure.mgmt.msi.models import Identity

    from mlflow_azure.engine.node import Given, Properties, Report


class UserAssignedIdentity(TaggedResource):
    """A user-assigned managed identity."""

    kind = "managed identity"
    type = "Microsoft.ManagedIdentity/userAssignedIdentities"

    def read(self, given: Given) -> Properties | None:
        from azure.core.exceptions import ResourceNotFoundError

        with doing(f"reading {self}"):
            try:
                return _body(self.azure.identities.user_assigned_identities.get(*self.where))
            except ResourceNotFoundError:
                return None

    def desired(self, given: Given) -> Properties:
        return {"location": self.location, "tags": self.tags}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self._put(f"creating {self}", desired)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self._put(f"tagging {self}", {**desired, "tags": merged_tags(live, desired)})

    def _put(self, what: str, wanted: Properties) -> Properties:
        from azure.mgmt.msi.models import Identity

        body = Identity(location=wanted["location"], tags=dict(wanted["tags"]))
        with doing(what):
            made = self.azure.identities.user_assigned_identities.create_or_update(*self.where, body)
        return _body(made)

    def outputs(self, live: Properties) -> Properties:
        """principal_id, its object id in Microsoft Entra ID; client_id, by which a program requests its tokens."""
        return {"principal_id": live["principalId"], "client_id": live["clientId"]}

    def state(self, live: Properties) -> str:
        return "Available"


def _body(identity: Identity) -> Properties:
    return {
        "location": canonical_location(str(identity.location)),
        "tags": identity.tags or {},
        "principalId": identity.principal_id,
        "clientId": identity.client_id,
    }
