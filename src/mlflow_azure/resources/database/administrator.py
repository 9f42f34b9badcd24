"""The account of the web app's identity in the PostgreSQL server: its Microsoft Entra administrator.

https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-azure-ad-authentication
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.resources import arm
from mlflow_azure.resources.database.server_part import NOT_ASKED, ServerPart
from mlflow_azure.resources.database.writes import when_free

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.database.flexible_server import FlexibleServer
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity


class Administrator(ServerPart):
    """The identity as an administrator. Other administrators stay.

    Its name is the role in the database with which the server process signs in.
    """

    kind = "database administrator"

    def __init__(self, server: FlexibleServer, *, identity: UserAssignedIdentity, after: tuple[Node, ...]) -> None:
        super().__init__(server, identity.name, needs=(identity,), after=after)
        self.identity = identity

    @property
    def id(self) -> str:
        """A pseudo-id: Azure identifies it by the identity's object id."""
        return f"{self.server.id}/administrators/{self.name}"

    def read(self, given: Given) -> Properties | None:
        principal = given(self.identity, "principal_id")
        if principal is UNKNOWN:
            return None
        administrators, where = self.azure.postgres.administrators_microsoft_entra, self.server.where
        live = self.read_part(given, lambda: administrators.get(*where, principal))
        return live if live is None or live is NOT_ASKED else {"properties": _known(live["properties"])}

    def desired(self, given: Given) -> Properties:
        principal = given(self.identity, "principal_id")
        return {"properties": {"objectId": principal, "principalName": self.name, "principalType": "ServicePrincipal"}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        administrators, where = self.azure.postgres.administrators_microsoft_entra, self.server.where
        wanted = dict(desired["properties"])
        principal = str(wanted.pop("objectId"))
        body = arm.sent({"properties": {**wanted, "tenantId": self.azure.tenant_id}})
        with doing(f"making {self.identity} an administrator of {self.server}"):
            when_free(self.azure, lambda: administrators.begin_create_or_update(*where, principal, body), report)
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self.create(desired, given, report)


def _known(live: Properties) -> Properties:
    return {key: live.get(key) for key in ("objectId", "principalName", "principalType")}
