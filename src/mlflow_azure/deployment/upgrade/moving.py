"""Passes of the temporary web app, requested from here, and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.deployment.remote_task import RemoteTask, TaskSite, told_of_runs
from mlflow_azure.deployment.upgrade.compared import Passed
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret


class MovingPass(RemoteTask):
    """A pass.

    Attributes:
        passed: Its result, once it is done.

    """

    kind = "runs"
    action: ClassVar[Action] = Action.COPY
    what: ClassVar[str] = "moving runs"
    passed: Passed

    def __init__(self, site: WebApp, token: Secret, name: str) -> None:
        super().__init__(TaskSite(site, token), "passes", name)

    def done(self) -> Action:
        """Return whether there was anything to move."""
        self.passed = Passed.told(self.result)
        return Action.COPY if self.passed.moved else Action.VERIFY

    def told(self, so_far: dict[str, Any]) -> tuple[str, float | None]:
        """Return the number of runs checked or moved."""
        return told_of_runs(so_far)
