"""The last step of a deploy: the MLflow server responds, with the deployed image and app settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.node import Check, Given, Report
from mlflow_azure.errors import SignInError, TimedOutError
from mlflow_azure.resources.entra.app_registration import AppRegistration, client_id
from mlflow_azure.resources.server_health import ANSWERS, Health, probe, server_token
from mlflow_azure.resources.web.container_start import ContainerStart

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.entra.app_registration import GivenRegistration
    from mlflow_azure.resources.registry.registry_image import Image
    from mlflow_azure.resources.web.app_settings import AppSettings
    from mlflow_azure.resources.web.web_app import WebApp

TOKEN_SECONDS = 30.0
START_SECONDS = 900.0
"""A first start pulls the image (up to several minutes) before App Service's own time limit begins."""
_ASKED = 3
"""Probes per instance on average: with three, the chance to miss one is then below 3 %."""
_TOO_EARLY = frozenset({"AADSTS500011", "AADSTS700016", "AADSTS65001"})


class Server(Check):
    """Waits until the MLflow server behind the web app responds.

    Args:
        app_settings: The app settings with which it must respond.
        client: The app registration for the token; None if no token is needed.
        image: The image that must respond; None for any.
        identity: Whether the web app pulls it with an identity.
        version: The MLflow version.
        certain: Whether the log has to show that a container was started since the app settings were written, if the
            response does not report which ones it has.
        instances: The number of instances, all of which must respond.
        after: Nodes that are done before it.

    """

    kind = "MLflow server"

    def __init__(
        self,
        site: WebApp,
        app_settings: AppSettings,
        *,
        client: AppRegistration | GivenRegistration | None,
        image: Image | None = None,
        identity: bool = False,
        version: str,
        certain: bool = False,
        instances: int = 1,
        after: tuple[Node, ...] = (),
    ) -> None:
        registration = (client,) if isinstance(client, AppRegistration) else ()
        needs = (site, app_settings, *registration, *((image,) if image else ()))
        super().__init__(site.name, needs=needs, after=after)
        self.site = site
        self.app_settings = app_settings
        self.client = client
        self.image = image
        self.identity = identity
        self.version = version
        self.certain = certain
        self.instances = instances

    def run(self, given: Given, report: Report) -> None:
        """Return when the server responds.

        Raises:
            MlflowAzureError: Its container keeps exiting, or cannot be pulled.
            TimedOutError: It does not respond in time.

        """
        url, told = given(self.site, "url"), ""
        patience, early = Deadline(START_SECONDS), Deadline(TOKEN_SECONDS)
        start = ContainerStart(self.site, given(self.site, "scm_host"), identity=self.identity)

        def answers() -> Health | None:
            nonlocal told, patience
            health = self._health_of_all(given, url, early, start)
            if health.healthy:
                return health
            if health.detail != told:
                told = health.detail
                report(told, None)
            if start.look(report):
                patience, told = Deadline(START_SECONDS), ""
            if not patience.remaining:
                raise TimedOutError(
                    f"waiting for the MLflow server at {url}: it {health.detail} after {START_SECONDS:.0f} seconds",
                    hint="See why: mlflow-azure logs --tail 100",
                    code="ServerNotHealthy",
                )
            return None

        self.site.azure.deadline.poll(answers)

    def _health_of_all(self, given: Given, url: str, early: Deadline, start: ContainerStart) -> Health:
        """Return the health of the first unhealthy instance; if all are healthy, that of the last one.

        App Service picks an instance for each request, and does not say which one. That many good
        responses in a row show that no old one is left, as far as requests can tell.
        """
        asked = 1 if self.instances == 1 else _ASKED * self.instances
        health = Health(healthy=False, detail="was not probed")
        for _ in range(asked):
            health = self._health(given, url, early, start)
            if not health.healthy:
                break
        return health

    def _health(self, given: Given, url: str, early: Deadline, start: ContainerStart) -> Health:
        health = self._probe(given, url, early)
        # Only an image built from our context is known to report its digest and app settings.
        telling = self.image is not None and self.image.context is not None
        if self.image is not None:
            health = health.by(given(self.image, "digest"), telling=telling)
        written = given(self.app_settings, "written")
        if written is None or not health.healthy:
            return health
        if health.written is None and self.certain:
            return health.with_settings(written, untold=start.is_ready(since=written))
        return health.with_settings(written, untold=not telling or health.detail != ANSWERS)

    def _probe(self, given: Given, url: str, early: Deadline) -> Health:
        """Probe with a token if one is needed: without it, only App Service responds, not MLflow.

        Microsoft Entra ID takes a moment to know a new registration, and may never issue a token to us.
        """
        if self.client is None:
            return probe(url, version=self.version)
        try:
            token = server_token(self.site.azure.credential, client_id(self.client, given)).value
            return probe(url, token, version=self.version)
        except SignInError as error:
            if error.code in _TOO_EARLY and early.remaining:
                return Health(healthy=False, detail=error.message)
            return probe(url, version=self.version)
