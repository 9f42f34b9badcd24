"""A small client of a registry's HTTP API: the digest behind a tag.

API: https://distribution.github.io/distribution/spec/api/, and for tokens
https://distribution.github.io/distribution/spec/auth/token/. A registry accepts the admin user's password directly, but
a signed-in user's (registry_credentials.py) only in exchange for a token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlflow_azure.azure.retries import PASSING
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.events import Report
    from mlflow_azure.secret import Secret

TIMEOUT = 30  # seconds
NAME_SECONDS = 60.0
_PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each retry, unless the registry says how long to wait."""
_MANIFESTS = ", ".join(  # noqa: FLY002 - one a line reads better
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
_REFUSED = "Its password may have just changed. Run the command again."
_CHALLENGE = re.compile(r'(realm|service|scope)="([^"]*)"')


@dataclass(frozen=True)
class RegistryClient:
    """A registry, with the user's credentials.

    Attributes:
        cloud: Its cloud.
        server: Its login server, as returned by Azure.
        username: The user name.
        password: The password.
        deadline: When to stop retrying.

    """

    cloud: Cloud
    server: str
    username: str
    password: Secret
    deadline: Deadline = field(default_factory=Deadline)

    def digest(self, repository: str, tag: str) -> str | None:
        """Return the digest ("sha256:…") of the manifest under `tag`; None if there is none.

        Raises:
            AzureRefusedError: The registry does not accept the credentials.
            MlflowAzureError: The registry cannot be reached, or responds with an error.

        """
        import requests

        url = f"https://{self.server}/v2/{repository}/manifests/{tag}"
        what = f"asking {self.server} for {repository}:{tag}"
        answer = asked(what, lambda: self._send(what, "HEAD", url), self.deadline, refused=_REFUSED)
        if answer.status_code == requests.codes.not_found:
            return None
        return stated(what, "Docker-Content-Digest", answer.headers.get("Docker-Content-Digest"))

    def retag(self, repository: str, source: str, tag: str) -> None:
        """Make `tag` refer to the same image as the existing `source`.

        Raises:
            MlflowAzureError: The registry refuses, or cannot be reached.

        """
        what = f"naming {repository}:{source} in {self.server} {tag}, too"
        url = f"https://{self.server}/v2/{repository}/manifests"
        found = asked(what, lambda: self._send(what, "GET", f"{url}/{source}"), self.deadline, refused=_REFUSED)
        kind = {"Content-Type": stated(what, "Content-Type", found.headers.get("Content-Type"))}
        put = lambda: self._send(what, "PUT", f"{url}/{tag}", data=found.content, headers=kind)  # noqa: E731
        asked(what, put, self.deadline, refused=_REFUSED)

    def _send(
        self, what: str, method: str, url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        import requests

        with self.cloud.session() as session:
            session.headers.update({"Accept": _MANIFESTS, **(headers or {})})
            answer = session.request(method, url, auth=self._basic, data=data, timeout=TIMEOUT)
            scheme, _, parameters = answer.headers.get("WWW-Authenticate", "").partition(" ")
            if answer.status_code != requests.codes.unauthorized or scheme.lower() != "bearer":
                return answer
            challenge = dict(_CHALLENGE.findall(parameters))
            realm = stated(what, "realm", challenge.pop("realm", None))
            token = session.get(realm, params=challenge, auth=self._basic, timeout=TIMEOUT)
            if not token.ok:
                return token
            bearer = {"Authorization": f"Bearer {field_of(what, token, 'access_token')}"}
            return session.request(method, url, headers=bearer, data=data, timeout=TIMEOUT)

    @property
    def _basic(self) -> tuple[str, str]:
        return self.username, self.password.reveal()


def asked(what: str, send: Callable[[], requests.Response], deadline: Deadline, *, refused: str) -> requests.Response:
    """Return a registry's response, even with status 404.

    Args:
        what: What is being done, for errors.
        send: Sends the request, and again after a transient fault, so it must be safe to repeat.
        deadline: When to stop retrying.
        refused: The hint if the registry does not accept the credentials.

    Raises:
        AzureRefusedError: The registry does not accept the credentials.
        MlflowAzureError: The registry cannot be reached, or responds with an error.
        TimedOutError: The deadline passed before a retry.

    """
    import requests

    answer = _patiently(what, send, deadline)
    if answer.ok or answer.status_code == requests.codes.not_found:
        return answer
    message = f"{what}: the registry responded with {answer.status_code}"
    if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        raise AzureRefusedError(message, hint=refused, code="RegistryUnauthorized")
    raise MlflowAzureError(message, hint="Run the command again in a minute.", code="RegistryError")


def wait_until_reachable(cloud: Cloud, server: str, deadline: Deadline, report: Report) -> None:
    """Wait, for a minute at most, until the login server of a new registry responds in any way.

    This machine's resolver may not know its name yet. If it stays unreachable, the next step that needs the registry
    reports it.

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

    deadline.poll(answered, patience=NAME_SECONDS)


def _patiently(what: str, send: Callable[[], requests.Response], deadline: Deadline) -> requests.Response:
    """Return the response, after a few retries if there is none or it may be transient."""
    import requests

    pauses, wanted = iter(_PAUSES), 0.0

    def tried() -> requests.Response | None:
        nonlocal wanted
        wanted = next(pauses, 0.0)  # no pause after the last attempt
        try:
            answer = send()
        except requests.RequestException as error:
            if wanted:
                return None
            raise MlflowAzureError(
                f"{what}: the registry cannot be reached ({type(error).__name__})",
                hint="Check the network and the registry's firewall, then run the command again.",
                code="RegistryUnreachable",
            ) from error
        if answer.status_code not in PASSING or not wanted:
            return answer
        wanted = _wanted_pause(answer) or wanted
        return None

    return deadline.poll(tried, every=lambda: wanted)


def _wanted_pause(answer: requests.Response) -> float | None:
    """Return the registry's Retry-After, if it is in seconds."""
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None


def field_of(what: str, answer: requests.Response, name: str) -> str:
    """Return a text from a registry's JSON response. Raises MlflowAzureError if there is none."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return stated(what, name, body.get(name) if isinstance(body, dict) else None)


def stated(what: str, name: str, value: object) -> str:
    """Return the text that a registry gives under a name. Raises MlflowAzureError if it is not text."""
    if isinstance(value, str) and value:
        return value
    raise MlflowAzureError(
        f"{what}: the registry's response lacks {name}; it may have come from a proxy",
        hint="Check the network: HTTPS_PROXY. Then run the command again.",
        code="RegistryAnswer",
    )
