"""Things built once and shared between homes: `MLFLOW_AZURE_EMULATOR_CACHE`, or the user's cache directory."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DONE = ".complete"


def cache_directory() -> Path:
    """Where what can be rebuilt at any time is kept."""
    if configured := os.environ.get("MLFLOW_AZURE_EMULATOR_CACHE"):
        return Path(configured).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/mlflow-azure"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlflow-azure"


async def built_once(directory: Path, build: Callable[[Path], Awaitable[None]]) -> Path:
    """`directory`, filled by `build` unless that has been done before, here or by another daemon at the same time.

    A virtual environment cannot be moved, so it is built in its place, under a lock that the system releases when its
    holder dies; a directory without its completion mark is what such a holder left, and is built anew.
    """
    if (directory / _DONE).exists():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(directory.name + ".lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not (directory / _DONE).exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            await build(directory)
            (directory / _DONE).touch()
    return directory
