"""Locks between processes: held on an open file, so that the kernel releases them however the holder ends."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Hold the lock of `file` for the length of a `with` block; wait for it as long as it takes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def take(file: Path) -> TextIOWrapper | None:
    """Take the lock of `file` until the stream that is returned is closed; None where another process has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    stream = file.open("a", encoding="utf-8")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    return stream


def is_held(file: Path) -> bool:
    """Whether a process holds the lock of `file`."""
    if not file.exists():
        return False
    stream = take(file)
    if stream is None:
        return True
    stream.close()
    return False
