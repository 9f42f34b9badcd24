"""One command at a time for a deployment, whichever machine it runs on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.data.errors import leased_elsewhere
from mlflow_azure.resources.storage.container_lease import ContainerLease, LeaseTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


@contextmanager
def leased(azure: Azure, settings: Settings, what: str) -> Iterator[None]:
    """Hold the lease, so that no other machine copies data to or from the deployment in the meantime.

    Raises:
        SettingsError: Another machine holds it; `what` says what this one was about to do with the web app.
        MlflowAzureError: Azure refuses the lease.

    """
    lease = ContainerLease(azure, settings.rg_name, settings.storage_account_name, settings.storage_container_name)
    with ExitStack() as stack:
        try:
            stack.enter_context(lease.held())
        except LeaseTakenError as taken:
            raise leased_elsewhere(f"{what} web app {settings.web_app_name}") from taken
        yield
