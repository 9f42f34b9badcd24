"""`mlflow-azure open`."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from mlflow_azure.cli.deployed import deployed_site
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.errors import MlflowAzureError


@command("open")
def browse(
    run: Invocation,
    *,
    portal: Annotated[bool, typer.Option("--portal", help="The web app's page in the Azure portal.")] = False,
) -> None:
    """Open the server in the browser; where there is none, print its URL."""
    site = deployed_site(run, "opening the server")
    url = site.portal if portal else site.url
    if url is None:
        raise MlflowAzureError(
            f"opening the portal: the cloud {run.cloud.name} has none", hint=f"mlflow-azure status{run.same}"
        )
    if site.is_stopped and not portal:
        raise MlflowAzureError(
            f"opening the server: web app {site.name} is stopped", hint=f"mlflow-azure deploy{run.same}", code="Stopped"
        )
    opened = webbrowser.open(url)
    if not opened:
        run.console.warn("There is no browser here.", "Open the URL on another machine.")
    run.answer({"url": url, "opened": opened}, url)
