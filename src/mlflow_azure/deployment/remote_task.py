"""Tasks of a temporary web app that runs next to the database: requested and polled from here until they are done.

docker/mlflow3/mlflow3_app/tasks.py carries them out.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.node import Given, Task
from mlflow_azure.errors import MlflowAzureError, TimedOutError
from mlflow_azure.resources.mlflow_server import START_SECONDS
from mlflow_azure.resources.web.container_start import ContainerStart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from mlflow_azure.engine.node import Report
    from mlflow_azure.events import Action
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret

ANSWER_SECONDS = 30
_LOOK_SECONDS = 180
"""Timeout for requests that may count the rows of all tables."""
_AGAIN = "Run the command again; it picks up where it left off."


class TaskSite:
    """The client of a temporary web app.

    Args:
        token: The token that it requires.

    """

    def __init__(self, site: WebApp, token: Secret) -> None:
        self.site = site
        self._token = token

    def until(
        self, done: Callable[[dict[str, Any]], bool], path: str, what: str, report: Report, **asked: Any
    ) -> dict[str, Any]:
        """Repeat a request until the response is `done`, and return it; `what` says what is being done.

        Raises:
            MlflowAzureError: It does not start, or is gone.

        """
        live = self.site.read(Given({}))
        if live is None:
            raise MlflowAzureError(f"{what}: {self.site} is gone", hint=_AGAIN, code="NotDeployed")
        outputs, patience = self.site.outputs(live), Deadline(START_SECONDS)
        start = ContainerStart(self.site, outputs["scm_host"], identity=True)

        def answered() -> dict[str, Any] | None:
            nonlocal patience
            answer = self._ask(f"{outputs['url']}{path}", report, **asked)
            if done(answer):
                return answer
            if answer or start.look(report):
                patience = Deadline(START_SECONDS)
            if not patience.remaining:
                raise TimedOutError(
                    f"{what}: {self.site} does not respond after {START_SECONDS:.0f} seconds", hint=_AGAIN
                )
            return None

        return self.site.azure.deadline.poll(answered)

    def look(self, path: str, what: str, report: Report = lambda _message, _fraction: None) -> dict[str, Any]:
        """Return the response to a single request. Raises MlflowAzureError."""
        answer = self.until(bool, path, what, report, method="GET", timeout=_LOOK_SECONDS)
        if "reason" in answer:
            raise MlflowAzureError(f"{what}: {answer['reason']}", hint=_AGAIN, code="TaskFailed")
        return answer

    def _ask(
        self, url: str, report: Report, *, method: str = "PUT", timeout: float = ANSWER_SECONDS, body: Any = None
    ) -> dict[str, Any]:
        """Return a response; None while the web app does not respond."""
        import requests

        from mlflow_azure.azure.transport import session

        try:
            with session() as asking:
                answer = asking.request(
                    method,
                    url,
                    headers={"Authorization": f"Bearer {self._token.reveal()}"},
                    json=body,
                    timeout=timeout,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            report(f"{self.site} does not respond yet ({type(error).__name__})", None)
            return {}
        told = _json(answer)
        if answer.status_code != requests.codes.ok and "reason" not in told:
            report(f"{self.site} is starting ({answer.status_code})", None)
            return {}
        return told


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class RemoteTask(Task):
    """A task.

    Args:
        asked: The web app that does it.
        path: Its kind, as a path of the web app.
        name: Its name for display.
        wish: Its parameters.

    Attributes:
        what: What it does, in words.
        result: Its result.

    """

    what: ClassVar[str] = ""
    result: dict[str, Any]

    def __init__(
        self, asked: TaskSite, path: str, name: str, wish: Mapping[str, Any] | None = None, *, folder: str = ""
    ) -> None:
        super().__init__(name)
        self._asked = asked
        self._id = uuid.uuid4().hex
        self._path = f"/{path}/{self._id}"
        self._wish = {**(wish or {}), "result": f"{folder}result-{self._id}.json"}

    def run(self, given: Given, report: Report) -> Action:
        """Poll until it is done.

        Raises:
            MlflowAzureError: It failed, or the temporary web app does not start.

        """

        def done(answer: dict[str, Any]) -> bool:
            state = answer.get("state")
            if state == "waiting":
                report("waiting for an operation that an earlier command started", None)
            elif state == "running":
                report(*self.told(answer["report"]))
            return state in ("done", "failed")

        answer = self._asked.until(done, self._path, self.what, report, body=self._wish)
        if answer["state"] == "failed":
            raise MlflowAzureError(f"{self.what}: {answer['reason']}", hint=_AGAIN, code="TaskFailed")
        self.result = answer["report"]
        return self.done()

    def told(self, so_far: dict[str, Any]) -> tuple[str, float | None]:
        """Return its progress in words, and the fraction done if that is known."""
        if not so_far.get("tables"):
            return self.what, None
        return (
            f"{so_far['done']} of {so_far['tables']} tables, {so_far['rows']:,} rows",
            so_far["done"] / so_far["tables"],
        )

    def done(self) -> Action:
        """Return what was done."""
        return self.action


def told_of_runs(so_far: dict[str, Any]) -> tuple[str, float | None]:
    """Return the progress of a pass."""
    changed, read = so_far.get("changed", 0), so_far.get("read", 0)
    if changed:
        return f"{read:,} of {changed:,} runs moved", read / changed
    return f"{so_far.get('looked_at', 0):,} runs checked", None
