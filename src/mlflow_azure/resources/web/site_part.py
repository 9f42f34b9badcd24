"""Base of the parts of a web app's configuration, which are written one at a time.

Azure may refuse overlapping writes to one site with 409, so each part refers to the one written before it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from azure.mgmt.web.operations import WebAppsOperations

    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.web.web_app import WebApp


class SitePart(AzureResource):
    """One configuration resource of a web app.

    Attributes:
        config: Its name in Azure Resource Manager: "appsettings".
        site: The web app.
        where: The names by which the SDK addresses it.
        apps: Its SDK client.

    """

    config: ClassVar[str]

    def __init__(self, site: WebApp, *, needs: tuple[Node, ...] = (), after: tuple[Node, ...] = ()) -> None:
        super().__init__(site.azure, site.name, parent=site, needs=needs, after=after)
        self.site = site
        self.where = site.where

    @property
    def apps(self) -> WebAppsOperations:
        return self.azure.web.web_apps

    @property
    def id(self) -> str:
        return f"{self.site.id}/config/{self.config}"

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Write it to a new site, which has all parts from the beginning.

        Contested parts are read first, since others may have written them since the site was created.
        """
        live = self.read(given) if self.contested else None
        return self.update(desired, live or {}, given, report)

    def mark(self) -> str:
        """The mark, a tag of the web app: unlike its parts, it can be written separately."""
        found = arm.get(str(self.site), lambda: self.apps.get(*self.where))
        return str((found or {"tags": {}})["tags"].get(arm.CHANGED, ""))

    def leave_mark(self, mark: str) -> None:
        """Add the tag to the others. If the user may not, that is ignored."""
        body = arm.sent({"operation": "Merge", "properties": {"tags": {arm.CHANGED: mark}}})
        with suppress(AzureRefusedError), doing(f"tagging {self.site}"):
            self.azure.wait(self.azure.resources.tags.begin_update_at_scope(self.site.id.lstrip("/"), body))

    def state(self, live: Properties) -> str:
        return "Configured"
