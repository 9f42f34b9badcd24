"""A small client of a registry's HTTP API: the digest behind a tag.

API: https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.errors import AzureRefusedError, MlflowAzureError

if TYPE_CHECKING:
    import requests

    from mlflow_azure.clouds import Cloud
    from mlflow_azure.secret import Secret

_MANIFESTS = ", ".join(  # noqa: FLY002 - one a line reads better
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
_TIMEOUT = 30  # seconds


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

        what = f"asking {self.server} for {repository}:{tag}"
        try:
            answer = self._session().head(
                f"https://{self.server}/v2/{repository}/manifests/{tag}",
                headers={"Accept": _MANIFESTS},
                auth=(self.username, self.password.reveal()),
                timeout=_TIMEOUT,
            )
        except requests.RequestException as error:
            raise MlflowAzureError(
                f"{what}: the registry cannot be reached ({type(error).__name__})",
                hint="Check the network and the registry's firewall, then run the command again.",
                code="RegistryUnreachable",
            ) from error
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
            raise AzureRefusedError(
                f"{what}: the registry answered {answer.status_code}",
                hint="Its password may just have been changed. Run the command again.",
                code="RegistryUnauthorized",
            )
        if not answer.ok:
            raise MlflowAzureError(
                f"{what}: the registry answered {answer.status_code}",
                hint="Run the command again in a minute.",
                code="RegistryError",
            )
        return answer.headers["Docker-Content-Digest"]

    def _session(self) -> requests.Session:
        import requests

        session = requests.Session()
        if self.cloud.ca_file is not None:
            session.trust_env = False
            session.verify = self.cloud.ca_file
        return session
