"""One command at a time per place: a lock file, which the system releases however its holder ends."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.data import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = "in-use.lock"
"""Return the lock file of a directory that a command writes."""


@contextmanager
def claimed(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`. Its directory is created, and removed again if it is empty.

    If no file can be locked, nothing is held: writing there will report the problem.

    Raises:
        SettingsError: Another command holds it (InUse); `what` describes this one.

    """
    from filelock import FileLock, Timeout

    was_there = path.parent.exists()
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as taken:
        raise errors.in_use(what) from taken
    except (OSError, NotImplementedError):
        was_there = True
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):  # Windows cannot delete an open file
                path.unlink()
            lock.release()
        if not was_there:
            with suppress(OSError):
                path.parent.rmdir()


def lock_of(deployment: str) -> Path:
    """Return the lock file of a deployment, the same for all commands on this machine."""
    return Path(tempfile.gettempdir()) / f"mlflow-azure-{hashlib.sha256(deployment.encode()).hexdigest()[:16]}.lock"
