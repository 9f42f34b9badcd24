"""Container logging to the web app's file system, from which `mlflow-azure logs` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.writes import when_free

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report


class ContainerLogs(SitePart):
    """Container logging to the file system, like `az webapp log config --docker-container-logging filesystem`."""

    kind = "container logs"
    config = "logs"

    def read(self, given: Given) -> Properties | None:
        read = self.apps.get_diagnostic_logs_configuration
        return arm.get(f"the logging of {self.site}", lambda: read(*self.where))

    def desired(self, given: Given) -> Properties:
        """Three days, 100 MB."""
        file_system = {"enabled": True, "retentionInMb": 100, "retentionInDays": 3}
        return {"properties": {"httpLogs": {"fileSystem": file_system}}}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Turn it on; the write replaces everything, so other log settings are written again."""
        current = live.get("properties") or {}
        http = {**(current.get("httpLogs") or {}), **desired["properties"]["httpLogs"]}
        write, body = self.apps.update_diagnostic_logs_config, arm.sent({"properties": {**current, "httpLogs": http}})
        with doing(f"turning on the container log of {self.site}"):
            return arm.body(when_free(self.azure, lambda: write(*self.where, body), report))
