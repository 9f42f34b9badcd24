"""The record of an interrupted restore: a list in the backup's directory, one per target."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from mlflow_azure.data.scratch import Scratch, key
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Restored:
    """The names that a restore to `target` (its parts' names) has written, with their sizes. Thread-safe."""

    def __init__(self, directory: Path, target: str) -> None:
        self._path = directory / f"restore-{hashlib.sha256(target.encode()).hexdigest()[:12]}.jsonl"
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self.is_gone_on_with = self._path.exists()
        self._sizes = Scratch(
            "CREATE TABLE written (part TEXT, name BLOB, size INTEGER, PRIMARY KEY (part, name)) WITHOUT ROWID"
        )
        if self.is_gone_on_with:
            self._sizes.fill("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", self._read())

    def _read(self) -> Iterator[tuple[str, bytes, int]]:
        """Yield the recorded files, skipping a line cut off by a crash."""
        with self._path.open("rb") as file:
            for line in file:
                with suppress(ValueError, TypeError):
                    part, name, size = json.loads(line)
                    yield part, key(name), size

    def size(self, part: str, name: str) -> int | None:
        """Return the number of bytes written under this name; None if it was not written."""
        row = self._sizes.one("SELECT size FROM written WHERE part = ? AND name = ?", part, key(name))
        return row[0] if row else None

    def open(self) -> None:
        """Begin to record. Raises SettingsError."""
        try:
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise SettingsError(
                f"restoring from {self._path.parent}: nothing can be written there ({error.strerror}), so "
                "an interrupted restore could not be continued",
                hint="Copy the backup to a directory you can write to.",
            ) from error
        if self._file.tell():
            self._file.write("\n")  # ends a line cut off by a crash

    def note(self, part: str, name: str, size: int) -> None:
        """Record that a file was written."""
        with self._lock:
            if self._file:
                self._file.write(json.dumps([part, name, size]) + "\n")
                self._file.flush()

    def finish(self) -> None:
        """Delete the record: the restore is complete."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
            self._path.unlink(missing_ok=True)
