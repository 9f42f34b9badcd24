"""What the parts of a web app's configuration have in common: they live in the site, and are written one at a time.

Azure can refuse writes to one site that overlap with 409, so each part names the one written before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.web.web_app import WebApp


class SitePart(AzureResource):
    """One configuration resource of a web app.

    Attributes:
        config: Its name in Azure Resource Manager: "appsettings".
        site: The web app.

    """

    config: ClassVar[str]

    def __init__(self, site: WebApp, *, needs: tuple[Node, ...] = (), after: tuple[Node, ...] = ()) -> None:
        super().__init__(site.azure, site.name, parent=site, needs=needs, after=after)
        self.site = site
        self.group_name = site.group.name

    @property
    def id(self) -> str:
        """The configuration's id."""
        return f"{self.site.id}/config/{self.config}"

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Write it to a new site, which has all of its parts from the beginning.

        What others write, too, is read before: they may have done so since the site was made.
        """
        live = self.read(given) if self.contested else None
        return self.update(desired, live or {}, given, report)

    def state(self, live: Properties) -> str:
        """It is there."""
        return "Configured"
