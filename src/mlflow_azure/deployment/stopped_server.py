"""The server stopped for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.deployed_site import find_site
from mlflow_azure.resources.server_health import STOPPED, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings

_POLL_SECONDS = 2
_PATIENCE = 60  # seconds
_START_SECONDS = 60


@contextmanager
def stopped_server(azure: Azure, settings: Settings) -> Iterator[None]:
    """Within, the web app is stopped; afterwards, whatever happened, it is started if it had been running.

    Raises:
        MlflowAzureError: Azure refuses to stop or start it.

    """
    site = azure.deadline.call(lambda: find_site(azure, settings))
    if site is None or site.is_stopped:
        yield
        return
    try:
        with doing(f"stopping web app {site.name}"):
            azure.deadline.call(lambda: azure.web.web_apps.stop(settings.rg_name, site.name))
        azure.deadline.poll(
            lambda: True if probe(site.url).detail == STOPPED else None, every=_POLL_SECONDS, patience=_PATIENCE
        )
        yield
    finally:
        with doing(f"starting web app {site.name}"):
            Deadline(_START_SECONDS).call(lambda: azure.web.web_apps.start(settings.rg_name, site.name))
