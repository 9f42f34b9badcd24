"""A backup: the storage of a deployment, and the directory to copy it to."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.data import manifest
from mlflow_azure.data.backup import CopyPart, released, steps
from mlflow_azure.data.backup_directory import BackupDirectory
from mlflow_azure.data.claimed import LOCK, claimed
from mlflow_azure.data.manifest import MANIFEST
from mlflow_azure.deployment.stopped_server import stopped_server
from mlflow_azure.deployment.stored_data import new_backup, stored_data
from mlflow_azure.deployment.transfer.stored_database import DumpedDatabase
from mlflow_azure.errors import SettingsError
from mlflow_azure.events import Warned

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.data.manifest import Manifest
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
    from mlflow_azure.settings import Settings


class Backup:
    """A backup that is about to begin or continue.

    Attributes:
        skipped: Number of files that an earlier run had copied; known once this one has ended.

    """

    def __init__(
        self,
        azure: Azure,
        settings: Settings,
        directory: Path,
        *,
        artifacts: bool,
        database: StoredDatabase | None = None,
    ) -> None:
        """Read both sides. Raises MlflowAzureError if there is nothing to back up, or no place for it.

        Args:
            settings: The settings of the deployed MLflow version.
            directory: The directory to copy it to.
            artifacts: Whether to include the blob container.
            database: For MLflow 3, the access to its data.

        """
        self._azure, self._settings = azure, settings
        self._into = BackupDirectory(directory, new_backup(settings, artifacts=artifacts))
        self._sources = (database or stored_data(azure, settings)).sources(self._into.manifest)
        self._dumped = DumpedDatabase(database) if database else None
        self.skipped = 0

    def open(self) -> None:
        """Create the directory. Raises MlflowAzureError."""
        self._into.open()

    def copy(self, dialog: Dialog, *, stop_server: bool = False) -> None:
        """Copy everything. Raises MlflowAzureError; a later run then continues from there."""
        azure = self._azure
        todo = steps(self._sources, self._into, before=(self._dumped,) if self._dumped else ())
        with (
            stopped_server(azure, self._settings) if stop_server else nullcontext(),
            released(
                [source for source, _ in self._sources],
                lambda error: dialog.warn([Warned(error.message, error.hint)]),
            ),
        ):
            dialog.watch(engine.Execution(engine.plan(todo, azure.deadline), azure.deadline).events())
        self.skipped = sum(step.progress.skipped for step in todo if isinstance(step, CopyPart))

    def finish(self) -> Manifest:
        """Mark it as complete, and return its manifest. Raises MlflowAzureError.

        Call this once nothing of it is left in Azure: a finished backup cannot be continued.
        """
        return self._into.finish(self._dumped.result if self._dumped else None)


def refuse_place(settings: Settings, directory: Path, *, artifacts: bool) -> None:
    """Raise MlflowAzureError if the directory cannot take the backup, before anything is created in Azure."""
    BackupDirectory(directory, new_backup(settings, artifacts=artifacts)).require_writable()


def kept_or_made(
    dialog: Dialog,
    azure: Azure,
    settings: Settings,
    directory: Path,
    database: StoredDatabase | None = None,
    *,
    revision: str | None = None,
) -> None:
    """Back up the runs, without artifacts, before an upgrade. Keep a backup made by an earlier command.

    A backup of MLflow 3 is kept only if its schema is `revision`: another one is from before another upgrade.
    """
    if not (directory / MANIFEST).exists():
        with claimed(directory / LOCK, f"backing up to {directory}"):
            prepared = dialog.wait(lambda: Backup(azure, settings, directory, artifacts=False, database=database))
            prepared.open()
            prepared.copy(dialog)
            prepared.finish().require_whole(directory)
        return
    made = manifest.read(directory)
    same_schema = (made.database or {}).get("revision") == revision
    if not made.is_of_the_same(new_backup(settings, artifacts=False)) or not same_schema:
        raise SettingsError(
            f"backing up to {directory}: it holds a backup of something else, or from before another upgrade",
            hint="Name another directory: --backup DIRECTORY",
            code="Occupied",
        )
    dialog.note(f"The backup in {directory} of {made.finished} is kept.")
