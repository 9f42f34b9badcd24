"""Stopping and starting a web app, as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Task
from mlflow_azure.events import Action
from mlflow_azure.resources import arm
from mlflow_azure.resources.server_health import STOPPED, probe

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Report
    from mlflow_azure.resources.web.web_app import WebApp

_POLL_SECONDS = 1
_PATIENCE = 60  # seconds
_SETTLE_SECONDS = 2
"""What was asked just before is still being written, and a mounted share tells attributes that are a second old
(`actimeo`, https://manpages.debian.org/bookworm/cifs-utils/mount.cifs.8.en.html)."""


class StartedSite(Task):
    """A web app that runs."""

    kind = "start of web app"
    action: ClassVar[Action] = Action.UPDATE

    def __init__(self, site: WebApp, *, after: tuple[Node, ...] = ()) -> None:
        super().__init__(site.name, after=after)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Start it. One that runs goes on."""
        with doing(f"starting {self.site}"):
            self.site.azure.web.web_apps.start(self.site.group.name, self.site.name)
        return Action.UPDATE


class StoppedSite(Task):
    """A web app that is stopped, and no longer answers."""

    kind = "stop of web app"
    action: ClassVar[Action] = Action.UPDATE

    def __init__(self, site: WebApp) -> None:
        super().__init__(site.name)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Stop it, and wait until App Service answers for it."""
        azure, group, name = self.site.azure, self.site.group.name, self.site.name
        with doing(f"stopping {self.site}"):
            azure.web.web_apps.stop(group, name)
            live = arm.body(azure.web.web_apps.get(group, name))
        url = self.site.outputs({**live, "identity": live.get("identity") or {}})["url"]
        azure.deadline.poll(
            lambda: True if probe(url).detail == STOPPED else None, every=_POLL_SECONDS, patience=_PATIENCE
        )
        azure.deadline.sleep(_SETTLE_SECONDS)
        return Action.UPDATE
