"""Stopping and starting a web app, as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Task
from mlflow_azure.events import Action
from mlflow_azure.resources import arm
from mlflow_azure.resources.server_health import STOPPED, probe

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Node, Report
    from mlflow_azure.resources.web.web_app import WebApp

_POLL_SECONDS = 1
_PATIENCE = 60  # seconds
_SETTLE_SECONDS = 2
"""Earlier requests are still being written, and a mounted share caches attributes for a second
(`actimeo`, https://manpages.debian.org/bookworm/cifs-utils/mount.cifs.8.en.html)."""


class StartedSite(Task):
    """A running web app."""

    kind = "start of web app"
    action: ClassVar[Action] = Action.UPDATE

    def __init__(self, site: WebApp, *, after: tuple[Node, ...] = ()) -> None:
        super().__init__(site.name, after=after)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Start it, unless it is running."""
        with doing(f"starting {self.site}"):
            self.site.azure.web.web_apps.start(*self.site.where)
        return Action.UPDATE


class StoppedSite(Task):
    """A stopped web app that no longer responds."""

    kind = "stop of web app"
    action: ClassVar[Action] = Action.UPDATE

    def __init__(self, site: WebApp) -> None:
        super().__init__(site.name)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        azure, where = self.site.azure, self.site.where
        with doing(f"reading {self.site}"):
            live = arm.body(azure.web.web_apps.get(*where))
        stop(azure, *where, self.site.outputs({**live, "identity": live.get("identity") or {}})["url"])
        azure.deadline.sleep(_SETTLE_SECONDS)
        return Action.UPDATE


def stop(azure: Azure, group: str, name: str, url: str) -> None:
    """Stop a web app, and wait until App Service responds in its place."""
    with doing(f"stopping web app {name}"):
        azure.web.web_apps.stop(group, name)
    azure.deadline.poll(lambda: probe(url).detail == STOPPED or None, every=_POLL_SECONDS, patience=_PATIENCE)
