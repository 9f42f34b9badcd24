"""`mlflow-azure open`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.browser import show_in_browser
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.errors import MlflowAzureError


@dataclass(frozen=True)
class OpenAnswer(Answer):
    """The page that was opened.

    Attributes:
        url: URL of the server, or of its page in the portal.
        opened: Whether a browser was found.

    """

    url: str
    opened: bool

    def text(self) -> str:
        return self.url


@command("open", OpenAnswer)
def open_(
    run: Invocation,
    *,
    portal: Annotated[bool, typer.Option("--portal", help="The web app's page in the Azure portal.")] = False,
) -> None:
    """Open the server in the browser, or print its URL if there is no browser."""
    from mlflow_azure.deployment.deployed_site import deployed_site

    site = run.wait(lambda: deployed_site(run.azure, run.settings, "opening the server"))
    url = site.portal if portal else site.url
    if url is None:
        raise MlflowAzureError(
            f"opening the portal: the cloud {run.cloud.name} has none", hint="mlflow-azure status", code="NoPortal"
        )
    if not portal:
        site.refuse_stopped("opening the server")
    # A browser that runs in the terminal blocks until it is closed.
    run.answer(OpenAnswer(url, run.deadline.call(lambda: show_in_browser(run, url))))
