"""The deployed web app, for the commands that reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.deployment.deployed_site import DeployedSite


def not_deployed(run: Invocation, doing: str) -> MlflowAzureError:
    """The error of a command that finds nothing: `doing` is what it was about to do."""
    return MlflowAzureError(
        f"{doing}: web app {run.settings.web_app_name} in resource group {run.settings.rg_name} is not deployed",
        hint="mlflow-azure deploy",
        code="NotDeployed",
    )


def deployed_site(run: Invocation, doing: str) -> DeployedSite:
    """The web app. Raises MlflowAzureError where it is not deployed."""
    from mlflow_azure.deployment.deployed_site import find_site

    site = run.wait(lambda: find_site(run.azure, run.settings))
    if site is None:
        raise not_deployed(run, doing)
    return site
