"""The temporary web app, which does what is asked for where share and database are: its name, its token, its end."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Given, Task
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action
from mlflow_azure.resources.web.app_settings import MIGRATION_TOKEN, AppSettings
from mlflow_azure.resources.web.web_app import SUBNET, WebApp, leave_network
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from typing import ClassVar

    from mlflow_azure.deployment.foundation import PostgresFoundation
    from mlflow_azure.engine.node import Report
    from mlflow_azure.settings import Settings

SUFFIX = "-move"
"""The temporary web app is called like the web app, with this at the end: still 60 characters, App Service's most."""


def temporary_site(base: PostgresFoundation, settings: Settings, *, subnet: str | None = None) -> WebApp:
    """The temporary web app, on the plan and with the identity of the one that serves.

    Args:
        base: What that one lives in.
        settings: Of the deployment.
        subnet: Id of the subnet by which that one reaches a virtual network. All web apps of a plan share it.

    """
    return WebApp(
        base.group.azure,
        settings.web_app_name + SUFFIX,
        plan=base.plan,
        assigned=base.identity,
        vault=True,
        subnet=subnet,
        after=base.networks,
    )


def task_token(site: WebApp) -> Secret:
    """What the temporary web app wants to be shown: what an earlier run made, so that it is not restarted; else new."""
    there = site.read(Given({})) is not None
    live = AppSettings(site, []).read(Given({})) if there else None
    found = (live or {}).get(MIGRATION_TOKEN)
    return found if isinstance(found, Secret) else Secret(secrets.token_urlsafe(32))


class RemovedSite(Task):
    """A web app that is gone."""

    kind = "temporary web app"
    action: ClassVar[Action] = Action.DELETE

    def __init__(self, site: WebApp) -> None:
        super().__init__(site.name)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Delete it where it is ours. The plan stays, which Azure would delete with its last web app."""
        live = self.site.read(Given({}))
        if live is None:
            return Action.KEEP
        if not self.site.is_ours(live):
            raise MlflowAzureError(
                f"deleting {self.site}: it was not created by mlflow-azure", hint="Delete it if nobody needs it."
            )
        if live["properties"].get(SUBNET):
            leave_network(self.site.azure, *self.site.where)
        with doing(f"deleting {self.site}"):
            self.site.azure.web.web_apps.delete(*self.site.where, delete_empty_server_farm=False)
        return Action.DELETE
