"""The directory of a backup in progress: the places of its files, and which exist."""

from __future__ import annotations

import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from mlflow_azure.data import errors, manifest
from mlflow_azure.data.claimed import LOCK
from mlflow_azure.data.file_names import Places
from mlflow_azure.data.manifest import FILES, MANIFEST, UNFINISHED, Entry, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INCOMING = "incoming"
_BEGINNING = {LOCK, _INCOMING, f"{UNFINISHED}.new"}
"""Files that may exist before the manifest: of this command, or of one that was killed at its start."""


class BackupDirectory:
    """A directory in which a backup is made or continued. Thread-safe.

    Attributes:
        manifest: The manifest. A continued backup keeps the id of its first run.

    """

    def __init__(self, root: Path, wanted: Manifest) -> None:
        self.root = root
        with errors.on_this_machine(root):
            self.manifest = self._begun(wanted)
        self._lock = threading.Lock()
        self._places = Places()
        self._earlier: dict[tuple[str, str], Entry] = {}
        self._found: dict[tuple[str, str], Entry] = {}
        self._journal: TextIO | None = None
        self._incoming = 0

    def _begun(self, wanted: Manifest) -> Manifest:
        if (self.root / MANIFEST).exists():
            raise errors.occupied(self.root, "a finished backup")
        if not (self.root / UNFINISHED).exists():
            there = self.root.exists()
            if there and (not self.root.is_dir() or {each.name for each in self.root.iterdir()} - _BEGINNING):
                raise errors.occupied(self.root, "something else")
            return wanted
        earlier = manifest.load(self.root / UNFINISHED)
        if not earlier.is_of_the_same(wanted):
            raise errors.occupied(self.root, "an unfinished backup of something else")
        return replace(wanted, id=earlier.id)

    def require_writable(self) -> None:
        """Raise MlflowAzureError where nothing can be written there. Leaves nothing behind."""
        with errors.on_this_machine(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.root).close()

    def open(self) -> None:
        """Begin or continue."""
        with errors.on_this_machine(self.root):
            self._open()

    def _open(self) -> None:
        shutil.rmtree(self.root / _INCOMING, ignore_errors=True)
        (self.root / _INCOMING).mkdir(parents=True)
        self.manifest.write(self.root / UNFINISHED)
        journal = self.root / FILES
        if journal.exists():
            earlier = list(manifest.lines(journal))
            manifest.write_entries(journal, earlier)  # without a line that a crash cut off
            self._earlier = {(entry.part, entry.name): entry for entry in earlier}
            for entry in earlier:
                if entry.file:
                    self._places.keep(entry.part, entry.name, entry.file)
        self._journal = journal.open("a", encoding="utf-8", newline="\n")

    def earlier(self, part: str, name: str, version: str) -> Entry | None:
        """Return the entry of this file if an earlier run copied it and it has not changed since."""
        entry = self._earlier.get((part, name))
        if entry is None or entry.file is None or entry.version != version:
            return None
        path = self.root / entry.file
        if not path.is_file() or path.stat().st_size != entry.bytes:
            return None
        with self._lock:
            self._found[part, name] = entry
        return entry

    def incoming(self) -> Path:
        """Return a new empty file to copy into."""
        with self._lock:
            self._incoming += 1
            path = self.root / _INCOMING / str(self._incoming)
        path.touch()
        return path

    def keep(self, path: Path, entry: Entry) -> Entry:
        """Move a copied file to its place, and record it."""
        entry = replace(entry, file=self._places.of(entry.part, entry.name))
        place = self.root / str(entry.file)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
        self.note(entry)
        return entry

    def note(self, entry: Entry) -> None:
        """Record an existing file or directory."""
        with self._lock:
            self._found[entry.part, entry.name] = entry
            if self._journal:
                self._journal.write(manifest.line(entry))
                self._journal.flush()

    def finish(self, database: Mapping[str, str | int] | None = None) -> Manifest:
        """Write the manifest, with the `database`'s facts; drop files that are no longer in Azure."""
        with self._lock, errors.on_this_machine(self.root):
            self._close()
            for key in self._earlier.keys() - self._found.keys():
                if file := self._earlier[key].file:
                    (self.root / file).unlink(missing_ok=True)
            digest = manifest.write_entries(self.root / FILES, self._found.values())
            parts = tuple(manifest.counted(part, self._found.values()) for part in self.manifest.parts)
            finished = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            whole = replace(self.manifest, parts=parts, finished=finished, files_sha256=digest)
            if database:
                whole = replace(whole, mlflow_version=str(database["mlflow"]), database=database)
            whole.write(self.root / MANIFEST)
        (self.root / UNFINISHED).unlink()
        shutil.rmtree(self.root / _INCOMING, ignore_errors=True)
        return whole

    def _close(self) -> None:
        if self._journal:
            with suppress(OSError):
                self._journal.close()
            self._journal = None
