"""Things built once and shared between homes: `MLFLOW_AZURE_EMULATOR_CACHE`, or the user's cache directory."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from mlflow_azure.emulator.locks import take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_DONE = ".complete"


def cache_directory() -> Path:
    """The directory of everything that can be rebuilt at any time."""
    if configured := os.environ.get("MLFLOW_AZURE_EMULATOR_CACHE"):
        return Path(configured).expanduser().resolve()
    return user_cache_path("mlflow-azure")


async def built_once(directory: Path, build: Callable[[Path], Awaitable[None]]) -> Path:
    """Return `directory`, filled by `build` unless that has been done before, here or concurrently by another daemon.

    A virtual environment cannot be moved, so it is built in its place, under a lock that the system releases when its
    holder dies; a directory without its completion mark was left by such a holder, and is rebuilt.
    """
    if (directory / _DONE).exists():
        return directory
    async with _locked(directory.with_name(directory.name + ".lock")):
        if not (directory / _DONE).exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            await build(directory)
            (directory / _DONE).touch()
    return directory


@asynccontextmanager
async def _locked(file: Path) -> AsyncIterator[None]:
    """Hold the lock of `file`; acquired by polling, because a waiting thread could not be cancelled."""
    while (lock := take(file)) is None:  # noqa: ASYNC110 - another process has it, which sets no event of ours
        await asyncio.sleep(0.1)
    with lock:
        yield
