"""Access to the data of MLflow 3, for the commands that copy it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.cli.build_options import Build, image_source
from mlflow_azure.data.claimed import claimed, lock_of
from mlflow_azure.deployment.leased import leased
from mlflow_azure.deployment.transfer.opened import opened
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
    from mlflow_azure.settings import Settings


@contextmanager
def stored_database(run: Invocation, settings: Settings) -> Iterator[StoredDatabase | None]:
    """Give access to the storage of an MLflow 3 deployment; None for a 1.5.0 deployment."""
    if settings.mlflow_version != POSTGRES:
        yield None
        return
    context, builder = image_source(run, settings, Build.AUTO, None)
    with opened(run, run.azure, settings, context, builder) as data:
        yield data


@contextmanager
def alone(run: Invocation, what: str) -> Iterator[None]:
    """Keep other commands on this machine from copying data to or from the same deployment.

    Raises:
        SettingsError: Another one is doing so; `what` describes this one.

    """
    settings = run.settings
    where = (run.cloud.resource_manager, settings.subscription_id, settings.rg_name, settings.web_app_name)
    with claimed(lock_of("/".join(where)), f"{what} web app {settings.web_app_name}"):
        yield


@contextmanager
def alone_everywhere(run: Invocation, what: str) -> Iterator[None]:
    """The same, and no command of another machine either."""
    with alone(run, what), leased(run.azure, run.settings, what):
        yield
