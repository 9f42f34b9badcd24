"""The database on the PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import SettingsError
from mlflow_azure.resources import arm
from mlflow_azure.resources.database.server_part import ServerPart
from mlflow_azure.resources.database.writes import when_free

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report

CHARSET, COLLATION = "UTF8", "en_US.utf8"


class PostgresDatabase(ServerPart):
    """A database in UTF-8."""

    kind = "database"

    @property
    def id(self) -> str:
        return f"{self.server.id}/databases/{self.name}"

    def read(self, given: Given) -> Properties | None:
        databases, where = self.azure.postgres.databases, self.server.where
        return self.read_part(given, lambda: databases.get(*where, self.name))

    def desired(self, given: Given) -> Properties:
        return {"properties": {"charset": CHARSET}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        body = {"properties": {"charset": CHARSET, "collation": COLLATION}}
        databases, where = self.azure.postgres.databases, self.server.where
        with doing(f"creating {self} on {self.server}"):
            when_free(self.azure, lambda: databases.begin_create(*where, self.name, arm.sent(body)), report)
        return body

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Raise: the encoding of a database cannot be changed."""
        raise SettingsError(
            f"{self} on {self.server} has the encoding {live['properties'].get('charset')}: MLflow needs {CHARSET}",
            hint="Choose another: --postgres-database-name NAME",
            code="CannotChange",
        )
