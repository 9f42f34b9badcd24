"""A restore: a backup, its target, and the data that it would overwrite."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.data import errors, manifest
from mlflow_azure.data.addresses import Addresses
from mlflow_azure.data.blobs import Blobs
from mlflow_azure.data.local_folder import LocalFolder
from mlflow_azure.data.restore import RestorePart, Restoring, refuse_data, steps
from mlflow_azure.data.restored import Restored
from mlflow_azure.data.sqlite import SqliteDatabase
from mlflow_azure.data.verify import Verify
from mlflow_azure.deployment.stopped_server import stopped_server
from mlflow_azure.deployment.stored_data import SHARE, local_layout, store_in_share, stored_data
from mlflow_azure.deployment.transfer.stored_database import (
    DATABASE,
    DatabaseHeld,
    LoadedDatabase,
    PackedFileStore,
    refuse_newer,
)
from mlflow_azure.errors import SettingsError
from mlflow_azure.image.serving import artifact_root
from mlflow_azure.resources.site_state import StartedSite, StoppedSite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.data.manifest import Entry
    from mlflow_azure.data.parts import Target
    from mlflow_azure.data.restore import Obstacle
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
    from mlflow_azure.engine.node import Node, Task
    from mlflow_azure.settings import Settings


class Restore:
    """A restore that is about to begin.

    Attributes:
        manifest: The backup's manifest.
        loaded: The step that loads the deployment's database, if there is one.

    """

    def __init__(self, directory: Path, *, incomplete: bool = False) -> None:
        self.manifest = manifest.read(directory, incomplete=incomplete)
        self._entries = manifest.entries(directory, self.manifest)
        self._parts: list[Restoring] = []
        self._obstacles: list[Obstacle] = []
        self.loaded: LoadedDatabase | None = None
        self._done: Restored
        self._directory = directory
        self._kinds = {part.kind: part for part in self.manifest.parts}
        self._sqlite: SqliteDatabase | None = None
        self._data: StoredDatabase | None = None
        self._is_local = False
        self._meanwhile: AbstractContextManager[object] = nullcontext()

    def to_deployment(self, azure: Azure, settings: Settings, *, stop_server: bool) -> None:
        """Restore to the storage of 1.5.0. Raises MlflowAzureError if there is none (NotDeployed)."""
        self._refuse_database()
        stored = stored_data(azure, settings)
        if stop_server:
            self._meanwhile = stopped_server(azure, settings)
        self._go_to(stored.name, stored.targets(), artifact_root(settings))

    def to_database(self, data: StoredDatabase) -> None:
        """Restore a backup of MLflow 3 or of 1.5.0 to an MLflow 3 deployment.

        Raises:
            SettingsError: It is of a newer MLflow.

        """
        self._data = data
        root = artifact_root(data.settings)
        targets: dict[str, Target] = {Blobs.kind: data.blobs(write=True)}
        if DATABASE in self._kinds:
            refuse_newer(data, self.manifest)
            targets[DATABASE] = data.files()
        self._go_to(data.name, targets, root)
        path, wish = "moves", {"before": self.manifest.artifact_root}
        if DATABASE in self._kinds:
            path, wish = "loads", {**wish, "after": root}
        self.loaded = LoadedDatabase(data, path, wish, self._done)
        self._obstacles.append(DatabaseHeld.of(data, self._done))

    def to_directory(self, out: Path) -> None:
        """Restore to files that plain MLflow can open."""
        self._is_local = True
        layout = local_layout(self.manifest, out)
        for folder, beside, _ in layout.values():
            errors.refuse_overlap(self._directory, out, (folder, beside))
        targets = {
            kind: LocalFolder(kind, *layout[kind], (each.name for each in self._of(kind) if not each.is_directory))
            for kind in layout
            if kind in self._kinds
        }
        self._go_to(str(out), targets, (out / "artifacts").as_uri())
        if DATABASE in self._kinds:
            # Served by the server, which is told where they are, so that the directory can be moved.
            roots = {"before": self.manifest.artifact_root, "after": "mlflow-artifacts:"}
            self._sqlite = SqliteDatabase(self._directory, self._of(DATABASE), out / "mlflow.db", **roots)
            self._obstacles.append(self._sqlite)

    def _of(self, kind: str) -> Iterator[Entry]:
        """Yield the entries of a part."""
        return self._entries.of(self._kinds[kind].folder)

    def _afterwards(self, before: tuple[Node, ...]) -> list[Task]:
        """Return the step that loads the database after all of `before`. No server may respond until then."""
        if self._sqlite:
            self._sqlite.after = before
            return [self._sqlite]
        if self.loaded is None or self._data is None:
            return []
        packed: tuple[Task, ...] = ()
        if DATABASE not in self._kinds:
            store = store_in_share(self.manifest)
            packed = (PackedFileStore(self._entries, SHARE, store, self._data.files(), after=before),)
        site = self._data.temporary.serving
        stopped = StoppedSite(site)
        stopped.after = (*before, *packed)
        self.loaded.after = (stopped,)
        return [*packed, stopped, self.loaded, StartedSite(site, after=(self.loaded,))]

    def _refuse_database(self) -> None:
        if DATABASE in self._kinds:
            raise SettingsError(
                f"restoring {self._directory}: it is of MLflow {self.manifest.mlflow_version}, but the deployment "
                "runs 1.5.0, which has no database",
                hint="Upgrade the deployment first: mlflow-azure upgrade --to 3. Or restore it to one created "
                "with mlflow-azure deploy --mlflow 3, or to this machine: --local DIR",
                code="BackupOfAnotherKind",
            )

    def _go_to(self, where: str, targets: Mapping[str, Target], artifacts: str) -> None:
        self._done = Restored(self._directory, where)
        addresses = Addresses(self.manifest.artifact_root, artifacts)
        for kind, target in targets.items():
            if part := self._kinds.get(kind):
                self._parts.append(Restoring(target, part, self._entries, addresses, self._done))
                self._parts[-1].look()
        self._obstacles += self._parts

    def carry_out(self, dialog: Dialog, deadline: Deadline, *, replace: bool) -> list[RestorePart]:
        """Write it, and return what was written. Raises MlflowAzureError; a later run then continues from there.

        Args:
            dialog: Asks for consent if data would be lost.
            replace: Whether data may be lost at all.

        """
        verified = None
        if not replace:
            refuse_data(self._obstacles, on_this_machine=self._is_local)
        elif in_the_way := [(number, each) for each in self._obstacles if (number := each.in_the_way()[0])]:
            what = " and ".join(f"{number:,} {each.counted} in {each.label}" for number, each in in_the_way)
            dialog.require_consent(f"Replace {what} with the contents of the backup?")
            # Replaced data is lost: do not replace it with a damaged backup.
            verified = Verify(self._entries, strict=True)
        self._done.open()
        todo = steps(self._parts, verified)
        todo += self._afterwards(tuple(todo))
        with self._meanwhile:
            dialog.watch(engine.Execution(engine.plan(todo, deadline), deadline).events())
        self._done.finish()
        return [step for step in todo if isinstance(step, RestorePart)]
