"""Whether the MLflow server answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Check, Given, Report
from mlflow_azure.errors import SignInError, TimedOutError
from mlflow_azure.image.serving import PROBE_PATH
from mlflow_azure.resources.entra.app_registration import AppRegistration, client_id
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.entra.app_registration import GivenRegistration
    from mlflow_azure.resources.web.web_app import WebApp

PROBE_SECONDS = 10
POLL_SECONDS = 1.0
TOKEN_SECONDS = 30.0
_STOPPED = "This web app is stopped"
"""What App Service's own page says for a web app that someone has stopped."""
_TOO_EARLY = frozenset({"AADSTS500011", "AADSTS700016", "AADSTS65001"})
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


def probe(url: str, token: Secret | None = None, timeout: float = PROBE_SECONDS) -> Health:
    """Ask the server for its experiments.

    Args:
        url: The server's URL.
        token: A bearer token, where sign-in is on.
        timeout: Seconds to wait for the answer.

    """
    import requests

    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    try:
        answer = requests.get(url + PROBE_PATH, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return Health(healthy=False, detail=f"no answer ({type(error).__name__})")
    if answer.status_code == requests.codes.ok:
        return Health(healthy=True, detail="answers")
    if answer.status_code in (requests.codes.unauthorized, requests.codes.found):
        return Health(healthy=True, detail="asks for sign-in")
    if answer.status_code == requests.codes.forbidden and _STOPPED in answer.text:
        return Health(healthy=False, detail="is stopped")
    if answer.status_code == requests.codes.forbidden:
        return Health(healthy=True, detail="refuses this machine's address (403)")
    return Health(healthy=False, detail=f"answers {answer.status_code}")


class Server(Check):
    """Waits until the MLflow server behind the web app answers.

    Args:
        site: The web app.
        client: The app registration that a token has to be for; None where no token is needed.
        after: What is done before.

    """

    kind = "MLflow server"

    def __init__(
        self, site: WebApp, *, client: AppRegistration | GivenRegistration | None, after: tuple[Node, ...]
    ) -> None:
        registration = (client,) if isinstance(client, AppRegistration) else ()
        super().__init__(site.name, needs=(site, *registration), after=after)
        self.site = site
        self.client = client

    def run(self, given: Given, report: Report) -> None:
        """Return when the server answers. Raises TimedOutError when it does not."""
        url, waited, told = given(self.site, "url"), 0.0, ""
        while not (health := self._probe(given, url, waited)).healthy:
            if health.detail != told:
                told = health.detail
                report(told, None)
            if waited >= START_SECONDS:
                raise TimedOutError(
                    f"waiting for the MLflow server at {url}: it {health.detail} after {waited:.0f} seconds",
                    hint="See why: mlflow-azure logs --tail 100",
                    code="ServerNotHealthy",
                )
            self.site.azure.deadline.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _probe(self, given: Given, url: str, waited: float) -> Health:
        """Ask with a token where one is needed: without it only App Service answers, not MLflow.

        Microsoft Entra ID takes a moment until it knows a new registration, and may never give us a token.
        """
        if self.client is None:
            return probe(url)
        try:
            return probe(url, server_token(self.site.azure.credential, client_id(self.client, given)).value)
        except SignInError as error:
            early = error.code in _TOO_EARLY and waited < TOKEN_SECONDS
            return Health(healthy=False, detail=error.message) if early else probe(url)


@dataclass(frozen=True)
class ServerToken:
    """A bearer token for the server, and the Unix time at which it ends."""

    value: Secret
    expires_on: int


def server_token(credential: Credential, client: str) -> ServerToken:
    """A token for an app registration's client id, in the name of the signed-in user. Raises SignInError."""
    with doing("asking Microsoft Entra ID for a token for the server"):
        info = credential.get_token_info(f"{client}/.default")
    return ServerToken(Secret(info.token), info.expires_on)
