"""The SCM site (Kudu) of a web app: its log files and log stream, accessed as the signed-in user.

Kudu accepts bearer tokens, whether or not basic authentication is on:
https://learn.microsoft.com/azure/app-service/resources-kudu and https://github.com/projectkudu/kudu/wiki/REST-API.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__
from mlflow_azure.azure.refusals import SIGN_IN_HINT
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, SignInError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests
    from websockets.sync.client import ClientConnection

    from mlflow_azure.azure.clients import Azure

CONNECT_SECONDS = 30
CLOSE_SECONDS = 0.5
"""Seconds that Kudu may take to close the connection, which delays Ctrl+C and the deadline."""
READ_SECONDS = 150
"""Kudu writes a keep-alive line to a silent log stream every minute."""
WAKE_SECONDS = 60.0
POLL_SECONDS = 2.0
_CHUNK = 64 * 1024
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ASLEEP = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""How App Service responds while it starts an SCM site that has been idle for a while:
https://github.com/vanderby/SonarQube-AzureAppService/issues/88"""


@dataclass(frozen=True)
class LogFile:
    """One of the web app's log files.

    Attributes:
        name: "2024_05_17_lw0sdlwk0001_default_docker.log"; without `default` it is the platform's log.
        url: Its URL.
        updated: When it was last written to.

    """

    name: str
    url: str
    updated: datetime


class Kudu:
    """The SCM site of a web app.

    Args:
        site: The web app's name.
        host: The host of the SCM site.
        waiting: Called when a sleeping SCM site is waited for, up to a minute. None does not wait.

    """

    def __init__(self, azure: Azure, site: str, host: str, waiting: Callable[[str], object] | None = None) -> None:
        self.site = site
        self.host = host
        self._azure = azure
        self._waiting = waiting
        self._scope, self._other_scope = azure.cloud.kudu_scopes

    def wake(self) -> None:
        """Make App Service start the SCM site if it is idle. Its response does not matter."""
        with suppress(MlflowAzureError), self._get("/api/logs/docker", "waking the SCM site"):
            pass

    def log_files(self) -> list[LogFile]:
        """Return the current log files of all instances of the web app."""
        with self._get("/api/logs/docker", f"listing the logs of web app {self.site}") as answer:
            listed = answer.json()
        return [
            LogFile(file["path"].rpartition("/")[2], file["href"], datetime.fromisoformat(file["lastUpdated"]))
            for file in listed
        ]

    def lines(self, file: LogFile) -> Iterator[str]:
        """Return the lines of a log file; none if it is gone."""
        what = f"reading {file.name} of web app {self.site}"
        with self._get(file.url, what, missing_ok=True) as answer:
            if answer.ok:
                yield from _decoded(answer.iter_lines(_CHUNK))

    @contextmanager
    def log_stream(self) -> Iterator[Iterator[str]]:
        """Yield new lines as they are logged, after the last few existing ones.

        Raises:
            MlflowAzureError: It cannot be opened, or is cut.

        """
        what = f"following the log of web app {self.site}"
        with self._get("/api/logstream", what) as answer:
            yield _decoded(answer.iter_lines(None))  # None: each chunk as it arrives

    def download_logs(self, path: Path) -> int:
        """Write all log files as one zip archive to `path`, and return its size in bytes."""
        what = f"downloading the logs of web app {self.site}"
        try:
            with self._get("/api/logs/docker/zip", what) as answer, path.open("wb") as file:
                return sum(file.write(chunk) for chunk in answer.iter_content(_CHUNK))
        except OSError as error:  # of the file: _get handles transfer errors
            raise MlflowAzureError(
                f"{what}: writing {path}: {error.strerror}",
                hint="Name a writable file: mlflow-azure logs --download FILE",
                code="CannotWrite",
            ) from error

    def tunnel_state(self) -> dict[str, Any]:
        """Return the tunnel's status: `state` of the container, and `canReachPort` for its SSH port."""
        path = "/AppServiceTunnel/Tunnel.ashx?GetStatus&GetStatusAPIVer=2"
        with self._get(path, f"asking for the tunnel to web app {self.site}") as answer:
            state: dict[str, Any] = answer.json()
        return state

    def connect(self, path: str) -> ClientConnection:
        """Open the WebSocket at `path`; if Kudu rejects our token, with one for its other audience.

        Raises:
            OSError, WebSocketException: It cannot be opened.

        """
        from websockets.exceptions import InvalidStatus

        try:
            return self._opened(path)
        except InvalidStatus as refused:
            if refused.response.status_code not in _REFUSED:
                raise
        self._take_other_audience()
        return self._opened(path)

    def _opened(self, path: str) -> ClientConnection:
        """Open the WebSocket, at the second attempt if need be.

        websockets reads and writes in two threads, and Python may lose a response over TLS then:
        https://github.com/python/cpython/issues/143756
        """
        import ssl

        import certifi
        from websockets.exceptions import InvalidMessage
        from websockets.sync.client import connect

        url = f"https://{self.host}{path}"
        bundle = self._azure.cloud.session().merge_environment_settings(url, {}, None, None, None)["verify"]
        attempt = partial(
            connect,
            url.replace("https://", "wss://", 1),
            ssl=ssl.create_default_context(cafile=bundle if isinstance(bundle, str) else certifi.where()),
            additional_headers=self._headers(),
            proxy=None if self._azure.cloud.ca_file else True,
            compression=None,
            ping_interval=None,  # the session inside keeps itself alive
            open_timeout=CONNECT_SECONDS / 2,
            close_timeout=CLOSE_SECONDS,
        )
        try:
            return attempt()
        except (InvalidMessage, TimeoutError):
            return attempt()

    @property
    def web_shell(self) -> str:
        """The URL of the browser shell in the container."""
        return f"https://{self.host}/webssh/host"

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._azure.credential.token(self._scope)}",
            "User-Agent": f"mlflow-azure/{__version__}",
        }

    def _asked(self, session: requests.Session, url: str) -> requests.Response:
        """Return Kudu's response; if the caller can wait, once it is awake, but after a minute at the latest."""
        patience, waiting = Deadline(WAKE_SECONDS), self._waiting

        def awake() -> requests.Response | None:
            nonlocal waiting
            answer = self._accepted(session, url)
            if answer.status_code not in _ASLEEP or self._waiting is None or not patience.remaining:
                return answer
            answer.close()
            if waiting:
                waiting(f"The SCM site responds with {answer.status_code}. Waiting, in case it is only starting.")
            waiting = None
            return None

        return self._azure.deadline.poll(awake, every=POLL_SECONDS)

    def _accepted(self, session: requests.Session, url: str) -> requests.Response:
        """Return Kudu's response; if it rejects our token, with one for its other audience."""

        def ask() -> requests.Response:
            headers = {**self._headers(), "Accept-Encoding": "identity"}  # compressed, a stream would arrive in bursts
            return session.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))

        answer = ask()
        if answer.status_code not in _REFUSED:
            return answer
        answer.close()
        self._take_other_audience()
        return ask()

    def _take_other_audience(self) -> None:
        self._scope, self._other_scope = self._other_scope, self._scope

    @contextmanager
    def _get(self, path: str, what: str, *, missing_ok: bool = False) -> Iterator[requests.Response]:
        import requests

        url = path if "://" in path else f"https://{self.host}{path}"
        try:
            with self._azure.cloud.session() as session, self._asked(session, url) as answer:
                if not (answer.ok or (missing_ok and answer.status_code == HTTPStatus.NOT_FOUND)):
                    raise _refusal(what, answer)
                yield answer
        except requests.RequestException as error:
            raise MlflowAzureError(
                f"{what}: {self.host} cannot be reached, or the connection was cut ({type(error).__name__})",
                hint="Check the network, and the server's health: mlflow-azure status",
                code="KuduUnreachable",
            ) from error


def _decoded(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        yield line.decode(errors="replace")


def _refusal(what: str, answer: requests.Response) -> MlflowAzureError:
    status = answer.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        return SignInError(
            f"{what}: Kudu does not accept your sign-in (401)", hint=SIGN_IN_HINT, code="KuduUnauthorized"
        )
    if status == HTTPStatus.FORBIDDEN:
        return AzureRefusedError(
            f"{what}: permission denied (403)",
            hint="You need the Website Contributor or Contributor role on the web app, and an address that its SCM "
            "site's access restrictions allow. See: mlflow-azure doctor",
            code="KuduForbidden",
        )
    return MlflowAzureError(
        f"{what}: its SCM site responded with {status} {answer.reason}",
        hint="Check its health: mlflow-azure status",
        code="KuduFailed",
    )
