"""The web app of a deployment, for commands that only access it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.web.web_app import RUNNING

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class DeployedSite:
    """A web app.

    Attributes:
        id: Its id in Azure Resource Manager.
        name: Its name.
        url: URL of the server.
        scm_host: Host name of its SCM (Kudu) site, with the port unless it is 443.
        is_stopped: Whether someone stopped it.
        portal: Its page in the Azure portal; None if the cloud has none.

    """

    id: str
    name: str
    url: str
    scm_host: str
    is_stopped: bool
    portal: str | None

    def refuse_stopped(self, doing: str) -> None:
        """Raise MlflowAzureError if it is stopped; `doing` is what needs it running."""
        if self.is_stopped:
            raise MlflowAzureError(
                f"{doing}: web app {self.name} is stopped", hint="mlflow-azure deploy", code="Stopped"
            )


def not_deployed(settings: Settings, doing: str) -> MlflowAzureError:
    """Return the error for a missing web app; `doing` is what was attempted."""
    return MlflowAzureError(
        f"{doing}: web app {settings.web_app_name} in resource group {settings.rg_name} is not deployed",
        hint="mlflow-azure deploy",
        code="NotDeployed",
    )


def deployed_site(azure: Azure, settings: Settings, doing: str) -> DeployedSite:
    """Return the web app. Raises MlflowAzureError if it is not deployed."""
    site = find_site(azure, settings)
    if site is None:
        raise not_deployed(settings, doing)
    return site


def find_site(azure: Azure, settings: Settings) -> DeployedSite | None:
    """Return the deployment's web app, in one request; None if it is not deployed.

    Raises:
        MlflowAzureError: Azure cannot be read.

    """
    site = mlflow_stack(azure, settings).site
    live = site.read(Given({}))
    if live is None:
        return None
    reached = site.outputs(live)
    return DeployedSite(
        id=site.id,
        name=site.name,
        url=reached["url"],
        scm_host=reached["scm_host"],
        is_stopped=site.state(live) != RUNNING,
        portal=azure.cloud.portal_page(site.id),
    )
