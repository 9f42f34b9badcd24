"""A small client of a registry's HTTP API: the digest behind a tag.

API: https://distribution.github.io/distribution/spec/api/, and for the tokens
https://distribution.github.io/distribution/spec/auth/token/. A registry takes the admin user's password as it is, but a
signed-in user's (registry_credentials.py) only in exchange for a token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.errors import AzureRefusedError, MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Report
    from mlflow_azure.secret import Secret

TIMEOUT = 30  # seconds
NAME_SECONDS = 60.0
POLL_SECONDS = 2.0
_MANIFESTS = ", ".join(  # noqa: FLY002 - one a line reads better
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
_CHALLENGE = re.compile(r'(realm|service|scope)="([^"]*)"')


@dataclass(frozen=True)
class RegistryClient:
    """A registry, and who asks.

    Attributes:
        cloud: The cloud it is in.
        server: Its login server, as Azure names it.
        username: Who asks.
        password: Their password.

    """

    cloud: Cloud
    server: str
    username: str
    password: Secret

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest ("sha256:…") of the manifest under `tag`; None where there is none.

        Raises:
            AzureRefusedError: The registry does not accept the credentials.
            MlflowAzureError: The registry cannot be reached, or answers with an error.

        """
        import requests

        url = f"https://{self.server}/v2/{repository}/manifests/{tag}"
        answer = asked(
            f"asking {self.server} for {repository}:{tag}",
            lambda: self._head(url),
            refused="Its password may just have been changed. Run the command again.",
        )
        return None if answer.status_code == requests.codes.not_found else answer.headers["Docker-Content-Digest"]

    def _head(self, url: str) -> requests.Response:
        import requests

        with self.cloud.session() as session:
            session.headers["Accept"] = _MANIFESTS
            answer = session.head(url, auth=self._basic, timeout=TIMEOUT)
            scheme, _, parameters = answer.headers.get("WWW-Authenticate", "").partition(" ")
            if answer.status_code != requests.codes.unauthorized or scheme.lower() != "bearer":
                return answer
            challenge = dict(_CHALLENGE.findall(parameters))
            token = session.get(challenge.pop("realm"), params=challenge, auth=self._basic, timeout=TIMEOUT)
            if not token.ok:
                return token
            bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
            return session.head(url, headers=bearer, timeout=TIMEOUT)

    @property
    def _basic(self) -> tuple[str, str]:
        return self.username, self.password.reveal()


def asked(what: str, send: Callable[[], requests.Response], *, refused: str) -> requests.Response:
    """A registry's answer; one with status 404 too.

    Args:
        what: What is being done, for errors.
        send: Sends the request.
        refused: What to do next where the registry does not accept the credentials.

    Raises:
        AzureRefusedError: The registry does not accept the credentials.
        MlflowAzureError: The registry cannot be reached, or answers with an error.

    """
    import requests

    try:
        answer = send()
    except requests.RequestException as error:
        raise MlflowAzureError(
            f"{what}: the registry cannot be reached ({type(error).__name__})",
            hint="Check the network and the registry's firewall, then run the command again.",
            code="RegistryUnreachable",
        ) from error
    if answer.ok or answer.status_code == requests.codes.not_found:
        return answer
    message = f"{what}: the registry answered {answer.status_code}"
    if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        raise AzureRefusedError(message, hint=refused, code="RegistryUnauthorized")
    raise MlflowAzureError(message, hint="Run the command again in a minute.", code="RegistryError")


def wait_until_reachable(cloud: Cloud, server: str, deadline: Deadline, report: Report) -> None:
    """Wait, for a minute at most, until the login server of a new registry answers, whatever it says.

    Its name may not be known yet to the resolver of this machine. Where it stays unreachable, what needs the registry
    next says so.

    Raises:
        TimedOutError: The deadline passed first.

    """
    import requests

    def answered() -> bool | None:
        try:
            with cloud.session() as session:
                session.get(f"https://{server}/v2/", timeout=TIMEOUT)
        except requests.RequestException:
            report(f"{server} cannot be reached yet", None)
            return None
        return True

    deadline.poll(answered, every=POLL_SECONDS, patience=NAME_SECONDS)
