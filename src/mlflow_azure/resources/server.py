"""Whether the MLflow server answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.errors import TimedOutError
from mlflow_azure.resources.base import Check, Given, Report

if TYPE_CHECKING:
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.resources.base import Node
    from mlflow_azure.resources.web_app import WebApp

PROBE_PATH = "/api/2.0/mlflow/experiments/list"
"""MLflow 1.5.0 has no /health."""
PROBE_SECONDS = 10
POLL_SECONDS = 1.0
START_SECONDS = 900.0
"""A first start pulls the image (up to several minutes) before App Service's own limit for starting begins."""


@dataclass(frozen=True)
class Health:
    """What the server answered.

    Attributes:
        healthy: It answers, or App Service answers for it in the way that sign-in and access restrictions make it.
        detail: In words.

    """

    healthy: bool
    detail: str


def probe(url: str, token: str | None = None, timeout: float = PROBE_SECONDS) -> Health:
    """Ask the server for its experiments.

    Args:
        url: The server's URL.
        token: A bearer token, where sign-in is on.
        timeout: Seconds to wait for the answer.

    """
    import requests

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.get(url + PROBE_PATH, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return Health(healthy=False, detail=f"no answer ({type(error).__name__})")
    if answer.status_code == requests.codes.ok:
        return Health(healthy=True, detail="answers")
    if answer.status_code in (requests.codes.unauthorized, requests.codes.found):
        return Health(healthy=True, detail="asks for sign-in")
    if answer.status_code == requests.codes.forbidden:
        return Health(healthy=True, detail="refuses this machine's address (403)")
    return Health(healthy=False, detail=f"answers {answer.status_code}")


class Server(Check):
    """Waits until the MLflow server behind the web app answers."""

    kind = "MLflow server"

    def __init__(self, site: WebApp, *, deadline: Deadline, after: tuple[Node, ...]) -> None:
        super().__init__(site.name, needs=(site,), after=after)
        self.site = site
        self.deadline = deadline

    def run(self, given: Given, report: Report) -> None:
        """Return when the server answers. Raises TimedOutError when it does not."""
        url = given(self.site, "url")
        health, waited, told = probe(url), 0.0, ""
        while not health.healthy:
            if health.detail != told:
                told = health.detail
                report(told, None)
            if waited >= START_SECONDS:
                raise TimedOutError(
                    f"waiting for the MLflow server at {url}: it {health.detail} after {waited:.0f} seconds",
                    hint="See why: mlflow-azure logs --tail 100",
                    code="ServerNotHealthy",
                )
            self.deadline.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            health = probe(url)
