"""The directory of a backup in progress: the places of its files, and which exist."""

from __future__ import annotations

import json
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
from mlflow_azure.data.manifest import FILES, MANIFEST, UNFINISHED, Entry, Manifest, Part, Unreadable
from mlflow_azure.data.scratch import Scratch, key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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
        self._entries = Scratch(
            "CREATE TABLE entry (part TEXT, name BLOB, is_directory INTEGER, bytes INTEGER, line TEXT, found INTEGER, "
            "PRIMARY KEY (part, name)) WITHOUT ROWID"
        )
        self._unreadable: list[Unreadable] = []
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
            for entry in manifest.lines(journal):
                self._enter(entry, found=False)
                if entry.file:
                    self._places.keep(entry.part, entry.name, entry.file)
            manifest.write_lines(journal, self._lines(found=False))  # without a line that a crash cut off
        self._journal = journal.open("a", encoding="utf-8", newline="\n")

    def earlier(self, part: str, name: str, version: str) -> Entry | None:
        """Return the entry of this file if an earlier run copied it and it has not changed since."""
        row = self._entries.one("SELECT line FROM entry WHERE part = ? AND name = ? AND NOT found", part, key(name))
        entry = Entry(**json.loads(row[0])) if row else None
        if entry is None or entry.file is None or entry.version != version:
            return None
        path = self.root / entry.file
        if not path.is_file() or path.stat().st_size != entry.bytes:
            return None
        self._entries.do("UPDATE entry SET found = 1 WHERE part = ? AND name = ?", part, key(name))
        return entry

    def incoming(self) -> Path:
        """Return the path of a file to copy into, which is not there yet."""
        with self._lock:
            self._incoming += 1
            return self.root / _INCOMING / str(self._incoming)

    def keep(self, path: Path, entry: Entry) -> Entry:
        """Move a copied file to its place, and record it."""
        entry = replace(entry, file=self._places.of(entry.part, entry.name))
        place = self.root / str(entry.file)
        try:
            path.replace(place)
        except FileNotFoundError:  # the first file of its directory
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
        self.note(entry)
        return entry

    def leave_out(self, missing: Unreadable) -> None:
        """Record a file that cannot be copied."""
        with self._lock:
            self._unreadable.append(missing)

    def note(self, entry: Entry) -> None:
        """Record an existing file or directory."""
        line = self._enter(entry, found=True)
        with self._lock:
            if self._journal:
                self._journal.write(line)
                self._journal.flush()

    def _enter(self, entry: Entry, *, found: bool) -> str:
        line = manifest.line(entry)
        values = entry.part, key(entry.name), entry.is_directory, entry.bytes, line, found
        self._entries.do("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", *values)
        return line

    def _lines(self, *, found: bool) -> Iterator[str]:
        rows = self._entries.rows("SELECT line FROM entry WHERE found = ? ORDER BY part, name", found)
        return (line for (line,) in rows)

    def _counted(self, part: Part) -> Part:
        """Return a part with its counts."""
        sums = "count(*) - total(is_directory), total(is_directory), total(bytes)"
        row = self._entries.one(f"SELECT {sums} FROM entry WHERE part = ? AND found", part.folder)  # noqa: S608
        files, directories, size = map(int, row or ())
        return replace(part, files=files, directories=directories, bytes=size)

    def finish(self, database: Mapping[str, str | int] | None = None) -> Manifest:
        """Write the manifest, with the `database`'s facts; drop files that are no longer in Azure.

        If files could not be copied, it stays one that can be continued.
        """
        with self._lock, errors.on_this_machine(self.root):
            self._close()
            for line in self._lines(found=False):
                if file := json.loads(line).get("file"):
                    (self.root / file).unlink(missing_ok=True)
            digest = manifest.write_lines(self.root / FILES, self._lines(found=True))
            parts = tuple(map(self._counted, self.manifest.parts))
            finished = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            missing = tuple(sorted(self._unreadable, key=lambda each: (each.part, each.name)))
            whole = replace(self.manifest, parts=parts, finished=finished, files_sha256=digest, unreadable=missing)
            if database:
                whole = replace(whole, mlflow_version=str(database["mlflow"]), database=database)
            whole.write(self.root / (UNFINISHED if missing else MANIFEST))
            if not missing:
                (self.root / UNFINISHED).unlink()
        shutil.rmtree(self.root / _INCOMING, ignore_errors=True)
        return whole

    def _close(self) -> None:
        if self._journal:
            with suppress(OSError):
                self._journal.close()
            self._journal = None
