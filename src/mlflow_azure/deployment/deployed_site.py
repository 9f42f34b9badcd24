"""The web app of a deployment, for the commands that only want to reach it."""

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
    """A web app, as Azure describes it.

    Attributes:
        id: Its id in Azure Resource Manager.
        name: Its name.
        url: Where the server is reached.
        scm_host: Host name, and port where it is not 443, of its SCM (Kudu) site.
        is_stopped: Whether someone stopped it.
        portal: Its page in the Azure portal; None where the cloud has none.

    """

    id: str
    name: str
    url: str
    scm_host: str
    is_stopped: bool
    portal: str | None

    def refuse_stopped(self, doing: str) -> None:
        """Raise MlflowAzureError where it is stopped: `doing` is what needs it to run."""
        if self.is_stopped:
            raise MlflowAzureError(
                f"{doing}: web app {self.name} is stopped", hint="mlflow-azure deploy", code="Stopped"
            )


def not_deployed(settings: Settings, doing: str) -> MlflowAzureError:
    """The error of what finds nothing: `doing` is what it was about to do."""
    return MlflowAzureError(
        f"{doing}: web app {settings.web_app_name} in resource group {settings.rg_name} is not deployed",
        hint="mlflow-azure deploy",
        code="NotDeployed",
    )


def deployed_site(azure: Azure, settings: Settings, doing: str) -> DeployedSite:
    """The web app. Raises MlflowAzureError where it is not deployed."""
    site = find_site(azure, settings)
    if site is None:
        raise not_deployed(settings, doing)
    return site


def find_site(azure: Azure, settings: Settings) -> DeployedSite | None:
    """The web app of the deployment, in one request; None where it is not deployed.

    Raises:
        MlflowAzureError: Azure does not tell.

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
