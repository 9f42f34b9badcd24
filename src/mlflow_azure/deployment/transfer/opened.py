"""Temporary access to the data of MLflow 3: the temporary web app is created, and always removed again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.transfer.site import temporary
from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.transfer.site import Temporary
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings

_REMOVE_SECONDS = 120


@contextmanager
def opened(
    dialog: Dialog, azure: Azure, settings: Settings, context: BuildContext | None, build: Builder | None
) -> Iterator[StoredDatabase]:
    """Give access to the storage of an MLflow 3 deployment. Raises MlflowAzureError if there is none (NotDeployed)."""
    prepared = dialog.wait(lambda: temporary(azure, settings, context=context, build=build))
    data = StoredDatabase(azure, settings, prepared)
    try:
        dialog.watch(engine.Execution(prepared.plan, azure.deadline).events())
        yield data
        dialog.wait(data.files().release)
    finally:
        _remove(dialog, prepared)


def _remove(dialog: Dialog, prepared: Temporary) -> None:
    """Remove it, with a time limit of its own, since the command's may have expired."""

    def remove() -> None:
        prepared.removed.run(Given({}), lambda _message, _fraction: None)

    try:
        Deadline(_REMOVE_SECONDS).call(remove)
    except MlflowAzureError as error:
        dialog.warn([Warned(error.message, error.hint)])
