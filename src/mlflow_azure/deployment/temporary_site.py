"""The temporary web app that works next to the share and the database: its name, its token, its removal."""

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
"""The suffix of the temporary web app's name, which stays within App Service's limit of 60 characters."""


def temporary_site(base: PostgresFoundation, settings: Settings, *, subnet: str | None = None) -> WebApp:
    """Return the temporary web app, on the plan and with the identity of the serving one.

    Args:
        base: The base resources of the serving one.
        settings: The deployment's settings.
        subnet: Id of the subnet that connects that one to a virtual network. All web apps of a plan share it.

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
    """Return the token for the temporary web app: an earlier run's, which avoids a restart, or else a new one."""
    there = site.read(Given({})) is not None
    live = AppSettings(site, []).read(Given({})) if there else None
    found = (live or {}).get(MIGRATION_TOKEN)
    return found if isinstance(found, Secret) else Secret(secrets.token_urlsafe(32))


class RemovedSite(Task):
    """The removal of a web app."""

    kind = "temporary web app"
    action: ClassVar[Action] = Action.DELETE

    def __init__(self, site: WebApp) -> None:
        super().__init__(site.name)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Delete it if it is ours. Keep the plan, which Azure would delete with its last web app."""
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
