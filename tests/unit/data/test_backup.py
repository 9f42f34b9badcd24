"""A backup, its check and its restore, with files in memory."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data import manifest
from mlflow_azure.data.addresses import Addresses
from mlflow_azure.data.backup import CopyPart
from mlflow_azure.data.backup_directory import BackupDirectory
from mlflow_azure.data.manifest import Manifest, Part
from mlflow_azure.data.parts import Folder, Item, Transfer
from mlflow_azure.data.restore import RestorePart, Restoring
from mlflow_azure.data.restored import Restored
from mlflow_azure.data.verify import Verify
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import AzureRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

    from mlflow_azure.data.parts import Directories, Found

_EACH = 10


class RefusedError(Exception):
    """What the SDK raises."""

    status_code = 409


class Folders:
    """A source with so many folders of ten files. Those whose number is in `refused` cannot be read."""

    kind, name, workers, freezes, is_one = "file share", "mlflow", 4, False, False

    def __init__(self, folders: int, refused: range = range(0), code: str = "SharingViolation") -> None:
        self._folders = folders
        self._refused = refused
        self._code = code
        self._lock = threading.Lock()
        self.asked = 0

    def freeze(self) -> None:
        """Nothing."""

    def release(self) -> None:
        """Nothing."""

    def root(self) -> Folder:
        return Folder("", is_directory=False)

    def expand(self, folder: Folder) -> Iterator[Item | Folder]:
        for number in range(_EACH if folder.name else self._folders):
            name = f"{folder.name}/{number}" if folder.name else f"a folder with a name of its length {number}"
            yield Item(name, 1, "") if folder.name else Folder(name, is_directory=True)

    def fetch(self, item: Item, path: Path, moved: Callable[[int], None]) -> Transfer:
        def read() -> None:
            with self._lock:
                number, self.asked = self.asked, self.asked + 1
            if number in self._refused:
                raise AzureRefusedError("reading: refused", hint="", code=self._code) from RefusedError()
            path.write_bytes(b"1")

        return Transfer([read])

    def look_again(self, item: Item) -> Item | None:
        return item


def copied(source: Folders, root: Path) -> tuple[Manifest, object]:
    """A backup, and what was at work."""
    made = Manifest(
        id="1",
        mlflow_azure_version="1",
        mlflow_version="1.5.0",
        deployment={},
        artifact_root="",
        file_store="share/mlruns",
        began="",
        parts=(Part(source.kind, source.name, "share"),),
    )
    directory = BackupDirectory(root, made)
    directory.open()
    step = CopyPart(source, "share", directory, after=())
    try:
        step.run(Given({}), lambda _message, _fraction: None)
    finally:
        made = directory.finish()
    return made, (directory, step)


def verified(root: Path) -> Verify:
    check = Verify(manifest.entries(root, manifest.read(root)), strict=True)
    check.run(Given({}), lambda _message, _fraction: None)
    return check


class Sink:
    """A target that takes the files of `Folders`."""

    kind, name, workers = "file share", "mlflow", 4

    def __init__(self, folders: int) -> None:
        self._folders = Folders(folders)
        self._is_full = False

    def contents(self, found: Found) -> None:
        """Nothing at first, then everything."""
        for folder in self._folders.expand(self._folders.root()) if self._is_full else ():
            assert isinstance(folder, Folder)
            for item in self._folders.expand(folder):
                found(item.name, 1)
        self._is_full = True

    def is_initial(self, _name: str) -> bool:
        return False

    def prepare(self, directories: Directories) -> None:
        for level in directories.by_depth():
            assert all(name in directories for name in level)

    def put(self, _name: str, _path: Path, _size: int, moved: Callable[[int], None]) -> Transfer:
        return Transfer([partial(moved, 1)])

    def remove(self, names: Iterable[str], directories: Container[str]) -> None:
        assert not list(names)
        assert "none" not in directories


def restored(root: Path, folders: int) -> object:
    made = manifest.read(root)
    sink, addresses = Sink(folders), Addresses("", "")
    restoring = Restoring(sink, made.parts[0], manifest.entries(root, made), addresses, Restored(root, "target"))
    restoring.look()
    assert restoring.in_the_way() == (0, "")
    step = RestorePart(restoring, after=())
    step.run(Given({}), lambda _message, _fraction: None)
    assert step.progress.files == folders * _EACH
    return step


def held(work: Callable[[], object]) -> int:
    """The bytes that what some work returns holds, and whatever else it left behind."""
    tracemalloc.start()
    try:
        kept = work()
        gc.collect()
        # pathlib interns names: Python's table of them grows at some time or other.
        others = [tracemalloc.Filter(inclusive=False, filename_pattern="*/pathlib*")]
        taken = tracemalloc.take_snapshot().filter_traces(others)
        del kept
        return sum(trace.size for trace in taken.traces)
    finally:
        tracemalloc.stop()


def test_a_backup_its_check_and_its_restore_hold_nothing_for_a_file_that_is_done(tmp_path: Path) -> None:
    copied(Folders(2), tmp_path / "what is imported and opened once")
    few, many = (held(partial(copied, Folders(folders), tmp_path / f"{folders}")) for folders in (10, 210))
    assert many - few < 200 * _EACH * 100
    few, many = (held(partial(verified, tmp_path / f"{folders}")) for folders in (10, 210))
    assert many - few < 200 * _EACH * 100
    few, many = (held(partial(restored, tmp_path / f"{folders}", folders)) for folders in (10, 210))
    assert many - few < 200 * _EACH * 100


def test_files_that_cannot_be_read_are_left_out_unless_none_can_be_read(tmp_path: Path) -> None:
    made, _ = copied(Folders(5, refused=range(3, 6)), tmp_path / "some")
    assert len(made.unreadable) == 3
    assert made.totals["files"] == 5 * _EACH - 3
    archived, _ = copied(Folders(5, refused=range(5 * _EACH), code="BlobArchived"), tmp_path / "archived")
    assert len(archived.unreadable) == 5 * _EACH
    none = Folders(50, refused=range(50 * _EACH))
    with pytest.raises(AzureRefusedError):
        copied(none, tmp_path / "none")
    assert none.asked < 30
