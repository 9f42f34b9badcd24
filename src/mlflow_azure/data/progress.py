"""How far a copy is, and how fast."""

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


class Progress:
    """Counts files and bytes, and tells of them. Any thread may count."""

    def __init__(self, report: Report) -> None:
        self.files = self.bytes = self.skipped = 0
        self._report = report
        self._lock = threading.Lock()
        self._expected_files = self._expected_bytes = self._open = self._moved = self._skipped_bytes = 0
        self._began, self._told = time.monotonic(), 0.0
        self._marks: deque[tuple[float, int]] = deque([(self._began, 0)])

    def listing(self, folders: int) -> None:
        """So many more folders are to be listed; less, where the number is negative. The total is known at none."""
        with self._lock:
            self._open += folders

    def expect(self, files: int, size: int) -> None:
        """So many more files are to come, with so many bytes."""
        with self._lock:
            self._expected_files += files
            self._expected_bytes += size

    def moved(self, count: int) -> None:
        """Count bytes as they are moved."""
        with self._lock:
            self._moved += count
        self._tell()

    def done(self, size: int, *, skipped: bool = False) -> None:
        """Count a file; one that was skipped is there from an earlier run."""
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
            self._marks.append((now, self._moved))
            while now - self._marks[0][0] > _RATE_OVER:
                self._marks.popleft()
            message, fraction = self._message(now)
        self._report(message, fraction)

    def state(self) -> tuple[str, float | None]:
        """How far it is in words, and which part of it is done where that is known."""
        with self._lock:
            return self._message(time.monotonic())

    def _message(self, now: float) -> tuple[str, float | None]:
        since, before = self._marks[0]
        rate = (self._moved - before) / (now - since) if now > since else 0.0
        said = [f"{self.files:,} files"]
        there = self._moved + self._skipped_bytes
        fraction = None
        if self._open == 0 and self._expected_files:
            said = [f"{self.files:,} of {self._expected_files:,} files"]
            said.append(f"{amount(there)} of {amount(self._expected_bytes)}")
            by_files = self.files / self._expected_files
            fraction = (by_files + min(1.0, there / self._expected_bytes)) / 2 if self._expected_bytes else by_files
        else:
            said.append(amount(there))
        if rate:
            said.append(f"{amount(rate)}/s")
        if fraction:
            said.append(f"{(now - self._began) * (1 - fraction) / fraction:.0f} s left")
        return ", ".join(said), fraction


def amount(count: float) -> str:
    """Bytes in words: "12.3 MiB"."""
    for unit in ("B", "KiB", "MiB"):
        if count < _UNIT:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= _UNIT
    return f"{count:.1f} GiB"
