"""Stops the server temporarily."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.deployed_site import find_site
from mlflow_azure.resources.site_state import stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings

_START_SECONDS = 60


@contextmanager
def stopped_server(azure: Azure, settings: Settings) -> Iterator[None]:
    """Stop the web app within the context; afterwards, start it in any case if it was running.

    Raises:
        MlflowAzureError: Azure refuses to stop or start it.

    """
    site = azure.deadline.call(lambda: find_site(azure, settings))
    if site is None or site.is_stopped:
        yield
        return
    try:
        azure.deadline.call(lambda: stop(azure, settings.rg_name, site.name, site.url))
        yield
    finally:
        with doing(f"starting web app {site.name}"):
            Deadline(_START_SECONDS).call(lambda: azure.web.web_apps.start(settings.rg_name, site.name))
