"""The web app's settings: what the container gets as environment variables, and how App Service pulls and runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.compare import UNKNOWN
from mlflow_azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.site_part import SitePart
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.resources.base import Given, Node, Properties, Report
    from mlflow_azure.resources.container_registry import ContainerRegistry
    from mlflow_azure.resources.image import Image
    from mlflow_azure.resources.storage_account import StorageAccount
    from mlflow_azure.resources.web_app import WebApp

IMAGE_DIGEST = "MLFLOW_AZURE_IMAGE_DIGEST"
SECRETS = frozenset({"AZURE_STORAGE_CONNECTION_STRING", "DOCKER_REGISTRY_SERVER_PASSWORD"})


class AppSettings(SitePart):
    """The app settings that the deployment needs; those that the user has added stay.

    They carry the image's digest: App Service looks for a new image under the same tag only when it restarts, and a
    changed app setting restarts it.
    """

    kind = "app settings"
    config = "appsettings"

    def __init__(
        self,
        site: WebApp,
        *,
        account: StorageAccount,
        registry: ContainerRegistry,
        image: Image,
        server: Mapping[str, str],
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(site, needs=(account, registry, image), after=after)
        self.account = account
        self.registry = registry
        self.image = image
        self.server = server

    def read(self, given: Given) -> Properties | None:
        """All settings, by name."""
        return _redacted(self._list())

    def desired(self, given: Given) -> Properties:
        """The settings of the image, of MLflow and of its storage."""
        server = given(self.registry, "login_server")
        return {
            **self.server,
            "AZURE_STORAGE_CONNECTION_STRING": given(self.account, "connection_string"),
            "DOCKER_REGISTRY_SERVER_URL": UNKNOWN if server is UNKNOWN else f"https://{server}",
            "DOCKER_REGISTRY_SERVER_USERNAME": given(self.registry, "username"),
            "DOCKER_REGISTRY_SERVER_PASSWORD": given(self.registry, "password"),
            IMAGE_DIGEST: given(self.image, "digest"),
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Write them to a new site."""
        return self.update(desired, {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Write them once, with the user's own: the write replaces all, so they are read again just before."""
        wanted = {name: value.reveal() if isinstance(value, Secret) else value for name, value in desired.items()}
        merged = {**self._list(), **wanted}
        with doing(f"writing the app settings of {self.site}"):
            answer = self.azure.web.web_apps.update_application_settings(
                self.group_name, self.name, {"properties": merged}
            )
        return _redacted(arm.body(answer).get("properties") or {})

    def _list(self) -> dict[str, Any]:
        with doing(f"reading the app settings of {self.site}"):
            answer = self.azure.web.web_apps.list_application_settings(self.group_name, self.name)
        return arm.body(answer).get("properties") or {}


def _redacted(settings: Properties) -> Properties:
    return {name: Secret(value) if name in SECRETS else value for name, value in settings.items()}
