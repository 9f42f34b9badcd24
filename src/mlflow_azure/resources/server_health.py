"""Whether the MLflow server responds, and with which image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.image.serving import HOST_REFUSED, IMAGE_HEADER, PROBE_PATHS, SETTINGS_HEADER
from mlflow_azure.secret import Secret
from mlflow_azure.settings import FILE_SHARE

if TYPE_CHECKING:
    from mlflow_azure.azure.credential import Credential

PROBE_SECONDS = 10
ANSWERS = "up"
STOPPED = "is stopped"
ANOTHER_IMAGE = "still serves another image"
OLD_SETTINGS = "still serves with the previous app settings"
_STOPPED = "This web app is stopped"
"""The text of App Service's own page for a stopped web app."""


@dataclass(frozen=True)
class Health:
    """The health of the server.

    Attributes:
        healthy: It responds, or App Service responds for it because of sign-in or access restrictions.
        detail: In words.
        image: Digest of the image that responded; None if it does not report it, or App Service responded.
        written: When the app settings that it has were written (ISO 8601); None likewise.

    """

    healthy: bool
    detail: str
    image: str | None = None
    written: str | None = None

    def by(self, digest: str, *, telling: bool = False) -> Health:
        """Return the same, but unhealthy if another image responded, as the old container does until the new one is up.

        https://github.com/MicrosoftDocs/azure-docs/issues/34840

        Args:
            digest: Digest of the expected image.
            telling: Whether it is known to report its digest, so that an image that does not is another one.

        """
        another = self.detail == ANSWERS and self.image != digest and (telling or self.image is not None)
        return Health(healthy=False, detail=ANOTHER_IMAGE, image=self.image) if another else self

    def with_settings(self, written: str, *, untold: bool = True) -> Health:
        """Return the same, but unhealthy if a container responded that has older app settings.

        Args:
            written: When they were written; app settings written later by another command do as well.
            untold: Whether a response that does not report it is good enough.

        """
        if not self.healthy or (untold if self.written is None else self.written >= written):
            return self
        return Health(healthy=False, detail=OLD_SETTINGS, image=self.image, written=self.written)


def probe(
    url: str, token: Secret | None = None, timeout: float = PROBE_SECONDS, *, version: str = FILE_SHARE
) -> Health:
    """Probe the server by requesting its experiments.

    Args:
        url: The server's URL.
        token: A bearer token, if sign-in is on.
        timeout: Seconds to wait for the response.
        version: The MLflow version.

    """
    import requests

    from mlflow_azure.azure.transport import session

    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    try:
        with session() as asking:
            answer = asking.get(url + PROBE_PATHS[version], headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return Health(healthy=False, detail=f"no response ({type(error).__name__})")
    if answer.status_code == requests.codes.ok:
        told = answer.headers
        return Health(healthy=True, detail=ANSWERS, image=told.get(IMAGE_HEADER), written=told.get(SETTINGS_HEADER))
    if answer.status_code in (requests.codes.unauthorized, requests.codes.found):
        return Health(healthy=token is None, detail="does not accept tokens yet" if token else "requires sign-in")
    if answer.status_code == requests.codes.forbidden:
        return _forbidden(answer.text)
    return Health(healthy=False, detail=f"responds with {answer.status_code}")


def _forbidden(said: str) -> Health:
    """Return the meaning of a 403: from App Service, unless it is MLflow's."""
    if _STOPPED in said:
        return Health(healthy=False, detail=STOPPED)
    if HOST_REFUSED in said:
        return Health(healthy=False, detail="rejects its own host name (403, see MLFLOW_SERVER_ALLOWED_HOSTS)")
    return Health(healthy=True, detail="refuses this machine's address (403)")


@dataclass(frozen=True)
class ServerToken:
    """A bearer token for the server, and the Unix time at which it expires."""

    value: Secret
    expires_on: int


def server_token(credential: Credential, client: str) -> ServerToken:
    """Return the signed-in user's token for an app registration's client id. Raises SignInError."""
    with doing("asking Microsoft Entra ID for a token for the server"):
        info = credential.get_token_info(f"{client}/.default")
    return ServerToken(Secret(info.token), info.expires_on)
