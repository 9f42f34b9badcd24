"""Writes a backup to its target, in steps for display."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from mlflow_azure.data import crew, errors, verify
from mlflow_azure.data.ledger import Ledger
from mlflow_azure.data.progress import Progress
from mlflow_azure.engine.node import Given, Node, Report, Task
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlflow_azure.data.addresses import Addresses
    from mlflow_azure.data.crew import Work
    from mlflow_azure.data.manifest import Entries, Entry, Part
    from mlflow_azure.data.parts import Target
    from mlflow_azure.data.restored import Restored


@dataclass
class Restoring:
    """One part of a backup being restored.

    Attributes:
        target: Its target.
        part: The part.
        entries: The entries of the backup.
        addresses: How artifact URIs change.
        restored: The record of an earlier run.
        ledger: What is in the part and in the target.

    """

    target: Target
    part: Part
    entries: Entries
    addresses: Addresses
    restored: Restored
    ledger: Ledger = field(default_factory=Ledger)
    counted: ClassVar[str] = "files"

    def look(self) -> None:
        """Find out what is there, and what should be."""
        with errors.on_this_machine(self.backup):
            self.ledger.want(self.entries.of(self.part.folder))
            self.target.contents(partial(self.ledger.note, "there"))

    @property
    def backup(self) -> Path:
        """The directory of the backup."""
        return self.entries.directory

    @property
    def label(self) -> str:
        """The target in words."""
        return f"{self.target.kind} {self.target.name}"

    @property
    def files(self) -> Iterator[Entry]:
        """What is a file."""
        return (entry for entry in self.entries.of(self.part.folder) if not entry.is_directory)

    def written(self, name: str) -> int | None:
        """Return the size with which an earlier run wrote this file; None if it did not."""
        return self.restored.size(self.part.folder, name)

    def in_the_way(self) -> tuple[int, str]:
        """The existing files that would be lost: not those of a new deployment, nor of this restore."""
        lost = (name for name, size, wanted in self.ledger.all_there() if not self._is_own(name, size, wanted=wanted))
        first = next(lost, None)
        return (0, "") if first is None else (1 + sum(1 for _ in lost), first)

    def _is_own(self, name: str, size: int, *, wanted: bool) -> bool:
        if wanted and self.restored.is_gone_on_with and self.written(name) in (None, size):
            return True  # otherwise someone wrote to it in the meantime
        return self.target.is_initial(name)


class RestorePart(Task):
    """Writes one part, verifying each file's SHA-256 first."""

    action: ClassVar[Action] = Action.COPY

    def __init__(self, restoring: Restoring, *, after: tuple[Node, ...]) -> None:
        super().__init__(restoring.target.name, after=after)
        self.kind = restoring.target.kind
        self.progress = Progress(lambda _message, _fraction: None)
        self.removed = self.rewritten = 0
        self._its = restoring

    def run(self, given: Given, report: Report) -> Action:
        """Write it, remove what is not in the backup, and compare."""
        its, ledger = self._its, self._its.ledger
        self.progress = Progress(report)
        self.progress.expect(its.part.files, its.part.bytes)
        with errors.on_this_machine(its.backup), tempfile.TemporaryDirectory() as rewritten:
            in_the_way = any(map(ledger.is_in_the_way, ledger.surplus()))
            if in_the_way:
                its.target.remove(ledger.surplus(), ledger)
            its.target.prepare(ledger)
            crew.share((partial(self._write, entry, Path(rewritten)) for entry in its.files), its.target.workers)
            report("comparing", None)
            self.removed = sum(1 for _ in ledger.surplus())
            # What was added in the meantime is not deleted.
            its.target.remove(() if in_the_way else ledger.surplus(), ledger)
            its.target.contents(partial(ledger.note, "afterwards"))
            if different := ledger.different():
                raise errors.not_equal(its.label, different)
        return Action.COPY

    def _write(self, entry: Entry, rewritten: Path) -> Iterable[Work]:
        its = self._its
        size = its.written(entry.name)
        if size is not None and its.ledger.there(entry.name) == size:
            its.ledger.note("written", entry.name, size)
            self.progress.done(entry.bytes, skipped=True)
            return []
        if why := verify.problem(its.backup, entry):
            raise errors.damaged(entry.shown, why)
        path = self._addressed(entry, rewritten)
        size = path.stat().st_size

        def end() -> list[Work]:
            transfer.finish()
            its.ledger.note("written", entry.name, size)
            its.restored.note(its.part.folder, entry.name, size)
            if path.parent == rewritten:
                path.unlink()
            self.progress.done(entry.bytes)
            return []

        transfer = its.target.put(entry.name, path, size, self.progress.moved)
        return crew.carry_out(transfer, end)

    def _addressed(self, entry: Entry, rewritten: Path) -> Path:
        """Yield the file to write: the backup's own, or one with rewritten URIs."""
        path = self._its.backup / str(entry.file)
        if not self._its.addresses.concern(entry):
            return path
        before = path.read_bytes()
        after = self._its.addresses.rewritten(before)
        if after == before:
            return path
        self.rewritten += 1
        descriptor, fresh = tempfile.mkstemp(dir=rewritten)
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
        return Path(fresh)


class Obstacle(Protocol):
    """A place with data that a restore may overwrite; `counted` says what is counted there."""

    @property
    def counted(self) -> str:
        """The plural of what is counted there."""

    @property
    def label(self) -> str:
        """Return it in words."""

    def in_the_way(self) -> tuple[int, str]:
        """Return their number, and the first of them."""
        ...


def refuse_data(obstacles: Iterable[Obstacle], *, on_this_machine: bool) -> None:
    """Raise SettingsError if a restore would overwrite data."""
    for each in obstacles:
        number, first = each.in_the_way()
        if number:
            raise errors.data_is_there(each.label, number, first, each.counted, on_this_machine=on_this_machine)


def steps(parts: Sequence[Restoring], verified: Task | None) -> list[Task]:
    """Return the steps of a restore, one part after the other, so that runs appear after their artifacts."""
    before: tuple[Node, ...] = (verified,) if verified else ()
    tasks: list[Task] = [verified] if verified else []
    for each in parts:
        task = RestorePart(each, after=before)
        tasks.append(task)
        before = (task,)
    return tasks
