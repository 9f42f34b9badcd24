"""The progress and speed of a copy."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.events import Report

_TELL_EVERY = 0.25  # seconds
_RATE_OVER = 10.0  # seconds
_UNIT = 1024
_SMALL = 64 * 1024  # bytes of a file


class Progress:
    """Counts files and bytes, and reports them. Thread-safe.

    Until everything is listed, progress is an estimate: each folder is assumed to be as large as its siblings.
    """

    def __init__(self, report: Report) -> None:
        self.files = self.bytes = self.skipped = 0
        self._report = report
        self._lock = threading.Lock()
        self._expected_files = self._expected_bytes = self._open = self._moved = self._skipped_bytes = 0
        self._passed = self._passed_skipped = 0.0
        self._endless = False
        self._began, self._told = time.monotonic(), 0.0
        self._marks: deque[tuple[float, int, int]] = deque([(self._began, 0, 0)])

    def listing(self, folders: int, *, endless: bool = False) -> None:
        """Add to the number of folders still to be listed. At zero, the total is known.

        The size of an `endless` one is not known before its end.
        """
        with self._lock:
            self._open += folders
            self._endless = self._endless or endless

    def expect(self, files: int, size: int) -> None:
        """Add to the expected number of files and bytes."""
        with self._lock:
            self._expected_files += files
            self._expected_bytes += size

    def moved(self, count: int) -> None:
        """Count bytes as they are moved."""
        with self._lock:
            self._moved += count
        self._tell()

    def passed(self, part: float, *, skipped: bool = False) -> None:
        """Count a part of the whole (0 to 1) as listed and done."""
        with self._lock:
            self._passed += part
            self._passed_skipped += part if skipped else 0

    def done(self, size: int, *, skipped: bool = False) -> None:
        """Count a file; a skipped one exists from an earlier run."""
        with self._lock:
            self.files += 1
            self.bytes += size
            if skipped:
                self.skipped += 1
                self._skipped_bytes += size
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._told < _TELL_EVERY:
                return
            self._told = now
            self._marks.append((now, self._moved, self.files - self.skipped))
            while now - self._marks[0][0] > _RATE_OVER:
                self._marks.popleft()
            message, fraction = self._message(now)
        self._report(message, fraction)

    def state(self) -> tuple[str, float | None]:
        """Return the progress in words, and the fraction done if it is known."""
        with self._lock:
            return self._message(time.monotonic())

    def _message(self, now: float) -> tuple[str, float | None]:
        there = self._moved + self._skipped_bytes
        fraction: float | None
        if self._open == 0 and self._expected_files:
            said = [f"{self.files:,} of {self._expected_files:,} files"]
            said.append(f"{amount(there)} of {amount(self._expected_bytes)}")
            fraction, skipped = self._of_all(self.files, there), self._of_all(self.skipped, self._skipped_bytes)
        else:
            said = [f"{self.files:,} file{'' if self.files == 1 else 's'}", amount(there)]
            fraction, skipped = (None, 0.0) if self._endless else (min(1.0, self._passed), self._passed_skipped)
        said += self._rate(now)
        if fraction is not None and fraction > skipped:
            said.append(left((now - self._began) * (1 - fraction) / (fraction - skipped)))
        return ", ".join(said), fraction or None

    def _of_all(self, files: int, size: int) -> float:
        by_files = files / self._expected_files
        return (by_files + min(1.0, size / self._expected_bytes)) / 2 if self._expected_bytes else by_files

    def _rate(self, now: float) -> list[str]:
        """In files where they are small, since bytes say little then."""
        since, bytes_before, files_before = self._marks[0]
        moved, copied = self._moved - bytes_before, self.files - self.skipped - files_before
        if now <= since or not (moved or copied):
            return []
        if moved < copied * _SMALL:
            return [f"{copied / (now - since):,.0f} files/s"]
        return [f"{amount(moved / (now - since))}/s"]


def left(seconds: float) -> str:
    """A time to go, in words: "40 s left", "12 min left", "3.5 h left"."""
    for unit, length, most in (("s", 1, 100), ("min", 60, 100)):
        if seconds / length < most:
            return f"{seconds / length:.0f} {unit} left"
    return f"{seconds / 3600:.1f} h left"


def amount(count: float) -> str:
    """Return bytes as text: "12.3 MiB"."""
    for unit in ("B", "KiB", "MiB"):
        if count < _UNIT:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= _UNIT
    return f"{count:.1f} GiB"
