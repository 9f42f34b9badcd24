"""The data of an MLflow 3 deployment: its database, through a folder of the blob container, and the container."""

from __future__ import annotations

import tarfile
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.data import crew, errors, verify
from mlflow_azure.data.blobs import Blobs
from mlflow_azure.data.progress import Progress
from mlflow_azure.deployment.remote_task import RemoteTask, told_of_runs
from mlflow_azure.deployment.transfer.access import ContainerAccess
from mlflow_azure.engine.node import Task
from mlflow_azure.errors import SettingsError
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.data.manifest import Entries, Entry, Manifest
    from mlflow_azure.data.parts import Source
    from mlflow_azure.data.restored import Restored
    from mlflow_azure.deployment.transfer.site import Temporary
    from mlflow_azure.engine.node import Given, Node, Report
    from mlflow_azure.settings import Settings

TRANSFER = "mlflow-azure-transfer/"
"""The prefix of blobs in transfer. Leftovers of a killed command are removed."""
_FOLDER = f"{TRANSFER}database/"
DATABASE = "database"
"""The kind of the part, and its folder in a backup."""
FILE_STORE = "file-store.tar.gz"
_LOADING = ("loading", DATABASE)


class DatabaseFiles(Blobs):
    """The files of a database in transfer."""

    kind = DATABASE
    is_one = True

    def __init__(self, *container: Any) -> None:
        super().__init__(*container, below=_FOLDER)
        self._on_its_way = Blobs(*container, below=TRANSFER)

    def release(self) -> None:
        """Delete them, and everything else in transfer."""
        names: list[str] = []
        self._on_its_way.contents(lambda name, _size: names.append(name))
        self._on_its_way.remove(names)

    def is_initial(self, name: str) -> bool:
        """Nothing: leftovers of another command are not data."""
        return True


class DumpedDatabase(RemoteTask):
    """The files of a consistent dump of the database."""

    kind = "snapshot"
    action: ClassVar[Action] = Action.CREATE
    what: ClassVar[str] = "writing the database to files"

    def __init__(self, data: StoredDatabase) -> None:
        super().__init__(
            data.temporary.asked, "dumps", data.name_of_database, {"folder": _FOLDER.rstrip("/")}, folder=TRANSFER
        )
        self._files = data.files()

    def run(self, given: Given, report: Report) -> Action:
        """Write them, replacing leftovers of another command."""
        self._files.release()
        return super().run(given, report)


class LoadedDatabase(RemoteTask):
    """The database, with its data replaced by the contents of the files."""

    kind = DATABASE
    action: ClassVar[Action] = Action.REPLACE
    what: ClassVar[str] = "loading the database"

    def __init__(self, data: StoredDatabase, path: str, wish: dict[str, Any], done: Restored) -> None:
        wish = {"folder": _FOLDER.rstrip("/"), **wish}
        super().__init__(data.temporary.asked, path, data.name_of_database, wish, folder=TRANSFER)
        self._restored = done

    def run(self, given: Given, report: Report) -> Action:
        """Load it; its previous data is lost from here on."""
        self._restored.note(*_LOADING, 0)
        return super().run(given, report)

    def told(self, so_far: dict[str, Any]) -> tuple[str, float | None]:
        """Return the number of tables or runs."""
        return told_of_runs(so_far) if "looked_at" in so_far else super().told(so_far)


@dataclass(frozen=True)
class StoredDatabase:
    """The storage of an MLflow 3 deployment, while its temporary web app exists."""

    azure: Azure
    settings: Settings
    temporary: Temporary

    @property
    def name(self) -> str:
        """Identifies it: account, web app and container."""
        settings = self.settings
        return f"{settings.storage_account_name}/{settings.web_app_name}/{settings.storage_container_name}"

    @property
    def name_of_database(self) -> str:
        """Its name on the server."""
        return self.settings.postgres_database_name

    def files(self) -> DatabaseFiles:
        """The files of the database in transfer."""
        return DatabaseFiles(*self._container(write=True))

    def blobs(self, *, write: bool = False) -> Blobs:
        """The blob container, without the files in transfer."""
        return Blobs(*self._container(write=write), leaves_out=TRANSFER)

    def _container(self, *, write: bool) -> tuple[Any, str, ContainerAccess, str]:
        access = ContainerAccess(self.temporary.asked, write=write)
        endpoint = self.temporary.account["blob_endpoint"]
        return self.azure.cloud, endpoint, access, self.settings.storage_container_name

    def sources(self, backup: Manifest) -> list[tuple[Source, str]]:
        """Return the sources of a backup, each with its folder."""
        made: dict[str, Source] = {DATABASE: self.files(), Blobs.kind: self.blobs()}
        return [(made[part.kind], part.folder) for part in backup.parts]


@dataclass(frozen=True)
class DatabaseHeld:
    """The data in the database that a restore would replace."""

    label: str
    contents: dict[str, int]
    restored: Restored
    counted: ClassVar[str] = "tables"

    @classmethod
    def of(cls, data: StoredDatabase, restored: Restored) -> DatabaseHeld:
        """Request it."""
        found = data.temporary.asked.look("/database", "checking the database")
        return cls(f"database {data.name_of_database}", found["contents"], restored)

    def in_the_way(self) -> tuple[int, str]:
        """Return the number of non-empty tables, without data written by this restore, and the first of them."""
        if self.restored.size(*_LOADING) is not None or not self.contents:
            return 0, ""
        name, rows = min(self.contents.items())
        return len(self.contents), f"{name} ({rows:,} rows)"


def refuse_newer(data: StoredDatabase, backup: Manifest) -> None:
    """Raise SettingsError if this version of mlflow-azure does not know the backup's schema."""
    known = data.temporary.asked.look("/database", "checking the database")["known"]
    made = backup.database or {}
    if made.get("revision") not in known:
        raise SettingsError(
            f"restoring a backup of MLflow {made.get('mlflow')}: its schema is newer than that of this mlflow-azure",
            hint="Update mlflow-azure, then the deployment: pipx upgrade mlflow-azure && mlflow-azure upgrade",
            code="BackupNewer",
        )


class PackedFileStore(Task):
    """A file store of MLflow 1.5.0, packed and uploaded for the temporary web app."""

    kind = "file store"
    action: ClassVar[Action] = Action.COPY

    def __init__(
        self, entries: Entries, part: str, below: str, files: DatabaseFiles, *, after: tuple[Node, ...]
    ) -> None:
        super().__init__(FILE_STORE, after=after)
        self.progress = Progress(lambda _message, _fraction: None)
        self._backup = entries.directory
        self._entries = entries
        self._part = part
        self._below = f"{below}/" if below else ""
        self._files = files

    def run(self, given: Given, report: Report) -> Action:
        """Pack and upload it, checking each file against its SHA-256."""
        self.progress = Progress(report)
        for entry in self._mine():
            self.progress.expect(1, entry.bytes)
        with errors.on_this_machine(self._backup), tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / FILE_STORE
            with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
                for entry in self._mine():
                    self._add(archive, entry)
            transfer = self._files.put(FILE_STORE, packed, packed.stat().st_size, lambda _bytes: None)
            crew.share(crew.carry_out(transfer, partial(_finish, transfer)), self._files.workers)
        return Action.COPY

    def _mine(self) -> Iterator[Entry]:
        return (each for each in self._entries.of(self._part) if each.name.startswith(self._below))

    def _add(self, archive: tarfile.TarFile, entry: Entry) -> None:
        info = tarfile.TarInfo(entry.name.removeprefix(self._below))
        if entry.is_directory:
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        else:
            if why := verify.problem(self._backup, entry):
                raise errors.damaged(entry.shown, why)
            info.size, info.mode = entry.bytes, 0o644
            with (self._backup / str(entry.file)).open("rb") as file:
                archive.addfile(info, file)
            self.progress.moved(entry.bytes)
        self.progress.done(entry.bytes)


def _finish(transfer: Any) -> None:
    transfer.finish()
