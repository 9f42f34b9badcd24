"""Who can reach the PostgreSQL server: Azure's own services, including App Service.

https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-firewall-rules#connect-from-azure
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.database.server_part import ServerPart
from mlflow_azure.resources.database.writes import when_free

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.database.flexible_server import FlexibleServer

NAME = "AllowAllAzureServices"
AZURE_SERVICES = "0.0.0.0"  # noqa: S104 -- Azure's word for its own services
"""A rule from this address to this address lets in everything in Azure, in any subscription: sign-in is what
keeps others out. https://learn.microsoft.com/rest/api/postgresql/firewall-rules/create-or-update"""


class FirewallRule(ServerPart):
    """The rule that lets in Azure's services. Other rules stay."""

    kind = "firewall rule"

    def __init__(self, server: FlexibleServer, *, after: tuple[Node, ...]) -> None:
        super().__init__(server, NAME, after=after)

    @property
    def id(self) -> str:
        return f"{self.server.id}/firewallRules/{self.name}"

    def read(self, given: Given) -> Properties | None:
        rules, where = self.azure.postgres.firewall_rules, self.server.where
        return self.read_part(given, lambda: rules.get(*where, self.name))

    def desired(self, given: Given) -> Properties:
        """From and to the address that stands for Azure's services."""
        return {"properties": {"startIpAddress": AZURE_SERVICES, "endIpAddress": AZURE_SERVICES}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        rules, where, body = self.azure.postgres.firewall_rules, self.server.where, arm.sent(desired)
        with doing(f"writing {self} of {self.server}"):
            when_free(self.azure, lambda: rules.begin_create_or_update(*where, self.name, body), report)
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self.create(desired, given, report)
