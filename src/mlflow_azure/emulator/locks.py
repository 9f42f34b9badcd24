"""Locks between processes: held on an open file, so that the kernel releases them however the holder ends."""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Hold the lock of `file` for a `with` block, waiting for it as long as necessary."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


_LOOK_SECONDS = 0.02


def take(file: Path, *, within: float = 0) -> TextIOWrapper | None:
    """Take the lock of `file` until the returned stream is closed; None if another process has it.

    Args:
        file: The file to lock.
        within: Seconds to retry: a check whether it is held also takes it for a moment.

    """
    file.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + within
    while not (stream := _lock(file, fcntl.LOCK_EX)) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return stream


def is_held(file: Path) -> bool:
    """Whether a process holds the lock of `file`. Concurrent checks do not count."""
    if not file.exists():
        return False
    stream = _lock(file, fcntl.LOCK_SH)
    if stream is None:
        return True
    stream.close()
    return False


def _lock(file: Path, kind: int) -> TextIOWrapper | None:
    stream = file.open("a", encoding="utf-8")
    try:
        fcntl.flock(stream, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    return stream
