"""Compares a backup with its manifest. Needs only the directory."""

from __future__ import annotations

import stat
import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.data import crew, errors, manifest
from mlflow_azure.data.progress import Progress
from mlflow_azure.engine.node import Given, Report, Task
from mlflow_azure.errors import MlflowAzureError, SeveralErrors
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.data.manifest import Entries, Entry

_WORKERS = 4


class Verify(Task):
    """Reads every file of a backup.

    Args:
        entries: Its expected contents.
        strict: Whether to fail if something is wrong.

    Attributes:
        problems: The problems found, once it has run.

    """

    kind = "backup"
    action: ClassVar[Action] = Action.VERIFY

    def __init__(self, entries: Entries, *, strict: bool = False) -> None:
        super().__init__(entries.directory.name)
        self.problems: list[MlflowAzureError] = [each.problem for each in entries.manifest.unreadable]
        self._entries = entries
        self._strict = strict

    def run(self, given: Given, report: Report) -> Action:
        """Compare sizes and SHA-256."""
        progress = Progress(report)
        totals = self._entries.manifest.totals
        progress.expect(totals["files"], totals["bytes"])
        lock = threading.Lock()

        def look(entry: Entry) -> None:
            if why := problem(self._entries.directory, entry):
                with lock:
                    self.problems.append(errors.damaged(entry.shown, why))
            progress.moved(entry.bytes)
            progress.done(entry.bytes)

        crew.share((partial(look, entry) for entry in self._entries if not entry.is_directory), _WORKERS)
        self.problems.sort(key=lambda each: each.message)
        if self._strict and self.problems:
            raise SeveralErrors(self.problems)
        return Action.VERIFY


def problem(directory: Path, entry: Entry) -> str | None:
    """Return what is wrong with a file of a backup."""
    path = directory / str(entry.file)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return "is not a file"
        if found.st_size != entry.bytes:
            return f"has {found.st_size} bytes, not {entry.bytes}"
        if manifest.file_sha256(path) != entry.sha256:
            return "is damaged: its SHA-256 differs"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None
