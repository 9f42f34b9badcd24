"""Sign-in to the web app's SCM (Kudu) site: its deployment user, and whether its password is accepted.

https://learn.microsoft.com/azure/app-service/configure-basic-auth-disable
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.writes import when_free
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.web.web_app import WebApp

HOOK_PATH = "/api/registry/webhook"
"""The path that a registry calls to make the web app pull. The older /docker/hook returns 400."""


class PublishingCredentials(SitePart):
    """The deployment user that every site has. It is never changed."""

    kind = "publishing credentials"
    config = "publishingcredentials"

    def read(self, given: Given) -> Properties | None:
        """Return `hook`, the URL that a registry calls, with user and password."""
        with doing(f"reading the publishing credentials of {self.site}"):
            poller = self.apps.begin_list_publishing_credentials(*self.where)
            user = arm.body(self.azure.wait(poller))
        return {"hook": Secret(user["properties"]["scmUri"].rstrip("/") + HOOK_PATH)}

    def desired(self, given: Given) -> Properties:
        return {}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: Azure creates them with the site."""
        return self.read(given) or {}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return live


class ScmBasicAuth(SitePart):
    """Whether the deployment user may sign in to the SCM site with a password."""

    kind = "SCM basic authentication"
    config = "scm"
    contested = True

    def __init__(self, site: WebApp, *, allowed: bool, after: tuple[Node, ...] = ()) -> None:
        super().__init__(site, after=after)
        self.allowed = allowed

    @property
    def id(self) -> str:
        return f"{self.site.id}/basicPublishingCredentialsPolicies/{self.config}"

    def read(self, given: Given) -> Properties | None:
        return arm.get(str(self), lambda: self.apps.get_scm_allowed(*self.where))

    def desired(self, given: Given) -> Properties:
        return {"properties": {"allow": self.allowed}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self.update(desired, {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        write, body = self.apps.update_scm_allowed, arm.sent(desired)
        with doing(f"{'allowing' if self.allowed else 'forbidding'} {self}"):
            return arm.body(when_free(self.azure, lambda: write(*self.where, body), report))

    def state(self, live: Properties) -> str:
        return "Allowed" if live["properties"]["allow"] else "Forbidden"
