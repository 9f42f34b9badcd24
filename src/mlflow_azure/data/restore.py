"""Writes a backup to its target, in steps for display."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from mlflow_azure.data import crew, errors, verify
from mlflow_azure.data.progress import Progress
from mlflow_azure.engine.node import Given, Node, Report, Task
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlflow_azure.data.addresses import Addresses
    from mlflow_azure.data.crew import Work
    from mlflow_azure.data.manifest import Entry
    from mlflow_azure.data.parts import Target
    from mlflow_azure.data.restored import Restored


@dataclass
class Restoring:
    """One part of a backup being restored.

    Attributes:
        backup: The directory of the backup.
        target: Its target.
        part: Its folder in the backup.
        entries: Its entries.
        addresses: How artifact URIs change.
        restored: The record of an earlier run.
        contents: The contents of the target before that.

    """

    backup: Path
    target: Target
    part: str
    entries: Sequence[Entry]
    addresses: Addresses
    restored: Restored
    contents: Mapping[str, int] = field(default_factory=dict)
    counted: ClassVar[str] = "files"

    @property
    def label(self) -> str:
        """The target in words."""
        return f"{self.target.kind} {self.target.name}"

    @property
    def files(self) -> list[Entry]:
        """What is a file."""
        return [entry for entry in self.entries if not entry.is_directory]

    @property
    def directories(self) -> set[str]:
        """The expected directories: those of the backup, and the parents of its files."""
        found = {entry.name for entry in self.entries if entry.is_directory}
        for name in {*found, *(entry.name for entry in self.files)}:
            found.update(_above(name))
        return found

    def in_the_way(self) -> list[str]:
        """The existing files that would be lost: not those of a new deployment, nor of this restore."""
        own = {entry.name for entry in self.files} if self.restored.is_gone_on_with else set()
        for name in tuple(own):
            written = self.restored.size(self.part, name)
            if written is not None and self.contents.get(name) != written:
                own.remove(name)  # someone wrote to it in the meantime
        return sorted(name for name in self.contents if name not in own and not self.target.is_initial(name))


class RestorePart(Task):
    """Writes one part, verifying each file's SHA-256 first."""

    action: ClassVar[Action] = Action.COPY

    def __init__(self, restoring: Restoring, *, after: tuple[Node, ...]) -> None:
        super().__init__(restoring.target.name, after=after)
        self.kind = restoring.target.kind
        self.progress = Progress(lambda _message, _fraction: None)
        self.removed = self.rewritten = 0
        self._its = restoring
        self._sizes: dict[str, int] = {}
        self._gone: set[str] = set()

    def run(self, given: Given, report: Report) -> Action:
        """Write it, remove what is not in the backup, and compare."""
        its, target = self._its, self._its.target
        self.progress = Progress(report)
        self.progress.expect(len(its.files), sum(entry.bytes for entry in its.files))
        with errors.on_this_machine(its.backup), tempfile.TemporaryDirectory() as rewritten:
            self._make_room()
            target.prepare(its.directories)
            crew.share([partial(self._write, entry, Path(rewritten)) for entry in its.files], target.workers)
        report("comparing", None)
        self._remove()
        self._compare(target.contents())
        return Action.COPY

    def _make_room(self) -> None:
        """Remove files that are not in the backup first, if they are in the way of directories or files."""
        files, directories = {entry.name for entry in self._its.files}, self._its.directories
        surplus = self._its.contents.keys() - files
        if any(name in directories or not files.isdisjoint(_above(name)) for name in surplus):
            self._its.target.remove(surplus, directories)
            self._gone = surplus

    def _write(self, entry: Entry, rewritten: Path) -> list[Work]:
        its = self._its
        size = its.restored.size(its.part, entry.name)
        if size is not None and its.contents.get(entry.name) == size:
            self._sizes[entry.name] = size
            self.progress.done(entry.bytes, skipped=True)
            return []
        if why := verify.problem(its.backup, entry):
            raise errors.damaged(entry.shown, why)
        path = self._addressed(entry, rewritten)
        size = path.stat().st_size

        def end() -> list[Work]:
            transfer.finish()
            self._sizes[entry.name] = size
            its.restored.note(its.part, entry.name, size)
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

    def _remove(self) -> None:
        """Remove the rest of the previous contents; do not delete what was added in the meantime."""
        surplus = set(self._its.contents) - self._sizes.keys()
        self.removed = len(surplus)
        self._its.target.remove(surplus - self._gone, self._its.directories)

    def _compare(self, contents: Mapping[str, int]) -> None:
        for name in sorted(self._sizes.keys() | contents.keys()):
            if self._sizes.get(name) != contents.get(name):
                raise errors.not_equal(self._its.label, name)


def _above(name: str) -> Iterator[str]:
    """Return the parent directories of a name."""
    while name := name.rpartition("/")[0]:
        yield name


class Obstacle(Protocol):
    """A place with data that a restore may overwrite; `counted` says what is counted there."""

    @property
    def counted(self) -> str:
        """The plural of what is counted there."""

    @property
    def label(self) -> str:
        """Return it in words."""

    def in_the_way(self) -> list[str]:
        """Return its contents."""
        ...


def refuse_data(obstacles: Iterable[Obstacle], *, on_this_machine: bool) -> None:
    """Raise SettingsError if a restore would overwrite data."""
    for each in obstacles:
        if names := each.in_the_way():
            raise errors.data_is_there(each.label, names, each.counted, on_this_machine=on_this_machine)


def steps(parts: Sequence[Restoring], verified: Task | None) -> list[Task]:
    """Return the steps of a restore, one part after the other, so that runs appear after their artifacts."""
    before: tuple[Node, ...] = (verified,) if verified else ()
    tasks: list[Task] = [verified] if verified else []
    for each in parts:
        task = RestorePart(each, after=before)
        tasks.append(task)
        before = (task,)
    return tasks
