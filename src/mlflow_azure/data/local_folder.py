"""A local directory as the target of a restore, for plain MLflow to open."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.data.file_names import Places
from mlflow_azure.data.parts import Directories, Found, Moved, Transfer
from mlflow_azure.data.scratch import Scratch, key, name_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable


class LocalFolder:
    """Files below `prefix` in Azure go to `folder`, all others to `beside`.

    Args:
        kind: What it is in Azure.
        folder: The folder.
        beside: The folder for the rest.
        prefix: "mlartefacts", for example; empty for everything.
        names: The files to come, in the order of a backup, on which their paths depend.

    """

    workers = 4

    def __init__(self, kind: str, folder: Path, beside: Path, prefix: str, names: Iterable[str]) -> None:
        self.kind = kind
        self.name = str(folder)
        self._folder = folder
        self._beside = beside
        self._prefix = f"{prefix}/" if prefix else ""
        self._incoming = folder.with_name(f".{folder.name}.incoming")
        places = Places(anywhere=False)
        self._places = Scratch(
            "CREATE TABLE place (name BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID", "CREATE INDEX paths ON place (path)"
        )
        for name in names:
            root = self._folder if name.startswith(self._prefix) else self._beside
            path = root.parent / places.of(root.name, name.removeprefix(self._prefix))
            self._places.do("INSERT INTO place VALUES (?, ?)", key(name), key(str(path)))

    def _place(self, name: str) -> Path | None:
        row = self._places.one("SELECT path FROM place WHERE name = ?", key(name))
        return Path(name_of(row[0])) if row else None

    def contents(self, found: Found) -> None:
        """Find the existing files by their names in Azure; those not in the backup by their paths."""
        for root in (self._folder, self._beside):
            for above, _, files in os.walk(root):
                for path in (root.joinpath(above, name) for name in files):
                    row = self._places.one("SELECT name FROM place WHERE path = ?", key(str(path)))
                    found(name_of(row[0]) if row else str(path), path.stat().st_size)

    def is_initial(self, name: str) -> bool:
        """Return False: everything there is data."""
        return False

    def prepare(self, directories: Directories) -> None:
        """Create the empty directories of the layout; files create their own, unless their names are odd."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._make_room()
        for folder in (self._folder, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        for name in directories.without_files():
            if name.startswith(self._prefix):
                (self._folder / name.removeprefix(self._prefix)).mkdir(parents=True, exist_ok=True)

    def _make_room(self) -> None:
        """Remove directories at the path of a file, and files at the path of its directory."""
        roots, before = {self._folder, self._beside}, self._folder
        for (path,) in self._places.rows("SELECT path FROM place ORDER BY name"):
            place = Path(name_of(path))
            if place.is_dir():
                shutil.rmtree(place)
            for folder in place.parents if place.parent != before else ():
                if folder in roots:
                    break
                if folder.is_file():
                    folder.unlink()
            before = place.parent

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Return the copy, which gets its name when it is complete."""
        place = self._place(name) or self._beside / name

        def copy() -> None:
            place.parent.mkdir(parents=True, exist_ok=True)
            incoming = self._incoming / uuid.uuid4().hex
            shutil.copyfile(path, incoming)
            incoming.replace(place)
            moved(size)

        return Transfer([copy])

    def remove(self, names: Iterable[str], directories: Container[str]) -> None:
        """Delete these files, and every empty directory except these."""
        for name in names:
            path = self._place(name) or self._folder.parent / name
            if path.is_file():  # not a directory that appeared there
                path.unlink()
        for root in (self._folder, self._beside):
            for path in (Path(above) for above, _, _ in os.walk(root, topdown=False)):
                is_kept = root == self._folder and self._prefix + path.relative_to(root).as_posix() in directories
                if path != root and not is_kept:
                    with suppress(OSError):  # not empty
                        path.rmdir()
        shutil.rmtree(self._incoming, ignore_errors=True)
