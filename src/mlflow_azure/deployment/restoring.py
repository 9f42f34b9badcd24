"""What a restore is: a backup, where it goes, and whether anything is in the way."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.data import manifest
from mlflow_azure.data.addresses import Addresses
from mlflow_azure.data.local import LocalFolder
from mlflow_azure.data.restore import RestorePart, Restoring, refuse_data, steps
from mlflow_azure.data.restored import Restored
from mlflow_azure.data.verify import Verify
from mlflow_azure.deployment.stopped_server import stopped_server
from mlflow_azure.deployment.stored_data import local_layout, stored_data
from mlflow_azure.errors import SettingsError
from mlflow_azure.image.serving import artifact_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.data.parts import Target
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.settings import Settings


class Restore:
    """A restore that is about to begin.

    Attributes:
        manifest: What the backup is.

    """

    def __init__(self, directory: Path) -> None:
        self.manifest = manifest.read(directory)
        self._parts: list[Restoring] = []
        self._done: Restored
        self._meanwhile: AbstractContextManager[object] = nullcontext()
        self._directory = directory
        self._entries = manifest.entries(directory, self.manifest)

    def to_deployment(self, azure: Azure, settings: Settings, *, stop_server: bool) -> None:
        """Write to the storage of a deployment. Raises MlflowAzureError where there is none (NotDeployed)."""
        stored = stored_data(azure, settings)
        if stop_server:
            self._meanwhile = stopped_server(azure, settings)
        self._go_to(stored.name, stored.targets(), artifact_root(settings))

    def to_directory(self, out: Path) -> None:
        """Write what plain MLflow opens."""
        names = {
            part.kind: [e.name for e in self._entries if e.part == part.folder and not e.is_directory]
            for part in self.manifest.parts
        }
        layout = local_layout(self.manifest, out)
        targets = {kind: LocalFolder(kind, *layout[kind], names[kind]) for kind in layout if kind in names}
        self._go_to(str(out), targets, (out / "artifacts").as_uri())

    def _go_to(self, where: str, targets: Mapping[str, Target], artifacts: str) -> None:
        folders = {part.kind: part.folder for part in self.manifest.parts}
        if unknown := folders.keys() - targets.keys():
            raise SettingsError(
                f"restoring {self._directory}: it holds a {min(unknown)}, and the deployment has none",
                hint=f"Restore it to a deployment of the same MLflow: {self.manifest.mlflow_version}",
                code="BackupOfAnotherKind",
            )
        self._done = Restored(self._directory, where)
        addresses = Addresses(self.manifest.artifact_root, artifacts)
        for kind, target in targets.items():
            if folder := folders.get(kind):
                entries = [entry for entry in self._entries if entry.part == folder]
                contents = target.contents()
                self._parts.append(Restoring(self._directory, target, folder, entries, addresses, self._done, contents))

    def carry_out(self, dialog: Dialog, deadline: Deadline, *, replace: bool) -> list[RestorePart]:
        """Write it; what was written. Raises MlflowAzureError: then a later run goes on from there.

        Args:
            dialog: Is asked for consent where data would be lost.
            deadline: When to give up.
            replace: Whether data may be lost at all.

        """
        verified = None
        if not replace:
            refuse_data(self._parts)
        elif in_the_way := [part for part in self._parts if part.in_the_way()]:
            what = " and ".join(f"{len(part.in_the_way()):,} files in {part.label}" for part in in_the_way)
            dialog.require_consent(f"Give up {what} for what is in the backup?")
            # What is given up is gone: not for a backup that is damaged.
            verified = Verify(self._directory, [entry for part in self._parts for entry in part.entries], strict=True)
        self._done.open()
        todo = steps(self._parts, verified)
        with self._meanwhile:
            dialog.watch(engine.Execution(engine.plan(todo, deadline), deadline).events())
        self._done.finish()
        return [step for step in todo if isinstance(step, RestorePart)]
