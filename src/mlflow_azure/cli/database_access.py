"""The data of MLflow 3, for the commands that copy it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.cli.build_options import Build, image_source
from mlflow_azure.data.claimed import claimed, lock_of
from mlflow_azure.data.errors import leased_elsewhere
from mlflow_azure.deployment.transfer.opened import opened
from mlflow_azure.resources.storage.container_lease import ContainerLease, LeaseTakenError
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
    from mlflow_azure.settings import Settings


@contextmanager
def stored_database(run: Invocation, settings: Settings) -> Iterator[StoredDatabase | None]:
    """The storage of a deployment of MLflow 3, within; None where it is one of 1.5.0."""
    if settings.mlflow_version != POSTGRES:
        yield None
        return
    context, builder = image_source(run, settings, Build.AUTO, None)
    with opened(run, run.azure, settings, context, builder) as data:
        yield data


@contextmanager
def alone(run: Invocation, what: str) -> Iterator[None]:
    """No other command copies data to or from the same deployment within, where it would be in the way.

    On this machine a lock file sees to that, and between machines a lease of the blob container.

    Raises:
        SettingsError: One does; `what` says what this one is about to do with the web app.
        MlflowAzureError: Azure refuses the lease.

    """
    settings, azure = run.settings, run.azure
    doing = f"{what} web app {settings.web_app_name}"
    where = (run.cloud.resource_manager, settings.subscription_id, settings.rg_name, settings.web_app_name)
    names = (settings.rg_name, settings.storage_account_name, settings.storage_container_name)
    with claimed(lock_of("/".join(where)), doing), ExitStack() as stack:
        try:
            stack.enter_context(ContainerLease(azure, *names).held())
        except LeaseTakenError as taken:
            raise leased_elsewhere(doing) from taken
        yield
