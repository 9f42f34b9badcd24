"""A local directory as the target of a restore, for plain MLflow to open."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.data.file_names import Places
from mlflow_azure.data.parts import Moved, Transfer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class LocalFolder:
    """Files below `prefix` in Azure go to `folder`, all others to `beside`.

    Args:
        kind: What it is in Azure.
        folder: The folder.
        beside: The folder for the rest.
        prefix: "mlartefacts", for example; empty for everything.
        names: The files to come, so that their paths do not depend on their order.

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
        self._places = {name: self._place(places, name) for name in sorted(names)}

    def _place(self, places: Places, name: str) -> Path:
        root = self._folder if name.startswith(self._prefix) else self._beside
        return root.parent / places.of(root.name, name.removeprefix(self._prefix))

    def contents(self) -> Mapping[str, int]:
        """Return the existing files by their names in Azure; those not in the backup by their paths."""
        names = {path: name for name, path in self._places.items()}
        found: dict[str, int] = {}
        for root in (self._folder, self._beside):
            for above, _, files in os.walk(root):
                for path in (root.joinpath(above, name) for name in files):
                    found[names.get(path) or str(path)] = path.stat().st_size
        return found

    def is_initial(self, name: str) -> bool:
        """Return False: everything there is data."""
        return False

    def prepare(self, directories: Collection[str]) -> None:
        """Create the empty directories of the layout; files create their own, unless their names are odd."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._make_room()
        for folder in (self._folder, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        filled = {name[:place] for name in self._places for place, character in enumerate(name) if character == "/"}
        for name in set(directories) - filled:
            if name.startswith(self._prefix):
                (self._folder / name.removeprefix(self._prefix)).mkdir(parents=True, exist_ok=True)

    def _make_room(self) -> None:
        """Remove directories at the path of a file, and files at the path of its directory."""
        roots, looked_at = {self._folder, self._beside}, set()
        for place in self._places.values():
            if place.is_dir():
                shutil.rmtree(place)
            for folder in place.parents:
                if folder in roots or folder in looked_at:
                    break
                looked_at.add(folder)
                if folder.is_file():
                    folder.unlink()

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Return the copy, which gets its name when it is complete."""
        place = self._places[name]

        def copy() -> None:
            place.parent.mkdir(parents=True, exist_ok=True)
            incoming = self._incoming / uuid.uuid4().hex
            shutil.copyfile(path, incoming)
            incoming.replace(place)
            moved(size)

        return Transfer([copy])

    def remove(self, names: Collection[str], directories: Collection[str]) -> None:
        """Delete these files, and every empty directory except these."""
        for name in names:
            path = self._places.get(name) or self._folder.parent / name
            if path.is_file():  # not a directory that appeared there
                path.unlink()
        kept = {self._folder / name.removeprefix(self._prefix) for name in directories}
        for root in (self._folder, self._beside):
            for path in (Path(above) for above, _, _ in os.walk(root, topdown=False)):
                if path != root and path not in kept:
                    with suppress(OSError):  # not empty
                        path.rmdir()
        shutil.rmtree(self._incoming, ignore_errors=True)
