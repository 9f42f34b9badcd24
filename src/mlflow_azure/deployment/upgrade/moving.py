"""Passes of the temporary web app, asked for from here, and what they came to."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.deadline import Deadline, pause
from mlflow_azure.deployment.upgrade.compared import Passed
from mlflow_azure.engine.node import Given, Task
from mlflow_azure.errors import MlflowAzureError, TimedOutError
from mlflow_azure.events import Action
from mlflow_azure.resources.mlflow_server import START_SECONDS
from mlflow_azure.resources.web.container_start import ContainerStart

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Report
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret

ANSWER_SECONDS = 30
_AGAIN = "What was moved stays moved. Run the command again; it continues from there."


class MovingPass(Task):
    """A pass.

    Attributes:
        passed: What it came to, once it is done.

    """

    kind = "runs"
    action: ClassVar[Action] = Action.COPY
    passed: Passed

    def __init__(self, site: WebApp, token: Secret, name: str) -> None:
        super().__init__(name)
        self.site = site
        self._token = token
        self._id = uuid.uuid4().hex

    def run(self, given: Given, report: Report) -> Action:
        """Ask for it until it is done.

        Raises:
            MlflowAzureError: It failed, or the temporary web app does not start.

        """
        live = self.site.read(Given({}))
        if live is None:
            raise MlflowAzureError(f"moving runs: {self.site} is gone", hint=_AGAIN, code="NotDeployed")
        outputs, began = self.site.outputs(live), time.monotonic()
        start = ContainerStart(self.site, outputs["scm_host"], identity=True)
        patience = Deadline(START_SECONDS)
        while (answer := self._ask(outputs["url"], report)).get("state") != "done":
            if answer.get("state") == "failed":
                raise MlflowAzureError(f"moving runs: {answer['reason']}", hint=_AGAIN, code="PassFailed")
            if answer or start.look(report):
                patience = Deadline(START_SECONDS)
            if not patience.remaining:
                raise TimedOutError(
                    f"moving runs: {self.site} does not answer after {START_SECONDS:.0f} seconds", hint=_AGAIN
                )
            self.site.azure.deadline.sleep(pause(time.monotonic() - began))
        self.passed = Passed.told(answer["report"])
        return Action.COPY if self.passed.moved else Action.CHECK

    def _ask(self, url: str, report: Report) -> dict[str, Any]:
        """How far it is; nothing while the web app does not answer."""
        import requests

        from mlflow_azure.azure.transport import session

        try:
            with session() as asking:
                answer = asking.put(
                    f"{url}/passes/{self._id}",
                    headers={"Authorization": f"Bearer {self._token.reveal()}"},
                    timeout=ANSWER_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            report(f"{self.site} does not answer yet ({type(error).__name__})", None)
            return {}
        if answer.status_code != requests.codes.ok:
            report(f"{self.site} is starting ({answer.status_code})", None)
            return {}
        told: dict[str, Any] = answer.json()
        if told["state"] == "waiting":
            report("waiting for a pass that an earlier command started", None)
        elif told["state"] == "running":
            _tell(told["report"], report)
        return told


def _tell(so_far: dict[str, Any], report: Report) -> None:
    changed, read = so_far["changed"], so_far["read"]
    if changed:
        report(f"{read:,} of {changed:,} runs moved", read / changed)
    else:
        report(f"{so_far['looked_at']:,} runs looked at", None)
