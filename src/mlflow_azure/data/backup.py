"""Makes a backup, in steps for display."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.data import crew, errors, manifest
from mlflow_azure.data.manifest import Entry, Unreadable
from mlflow_azure.data.parts import Folder, Item, ItemChangedError, Source
from mlflow_azure.data.progress import Progress
from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.concurrent import raise_all
from mlflow_azure.engine.node import Given, Node, Report, Task
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from mlflow_azure.data.backup_directory import BackupDirectory
    from mlflow_azure.data.crew import Work

_PATIENCE = 5
"""How often a file may change while it is being read."""
_OF_ONE_FILE = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.INTERNAL_SERVER_ERROR}
"""What Azure answers where it does not give one file, such as a locked one or an archived one."""
_ARCHIVED = {"BlobArchived", "BlobBeingRehydrated"}
"""https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"""
_IN_A_ROW = 20
"""So many refusals without a file in between are not the files' own. Archived blobs do not count."""
_RELEASE_SECONDS = 60


class Freeze(Task):
    """Freezes a source, after cleaning up after a killed run."""

    kind = "snapshot"
    action: ClassVar[Action] = Action.CREATE

    def __init__(self, source: Source) -> None:
        super().__init__(source.name)
        self._source = source

    def run(self, given: Given, report: Report) -> Action:
        """Freeze it."""
        self._source.release()
        self._source.freeze()
        return Action.CREATE


class CopyPart(Task):
    """Copies a source into the backup's directory. Unchanged files copied by an earlier run are skipped.

    Attributes:
        progress: Its progress.

    """

    action: ClassVar[Action] = Action.COPY

    def __init__(self, source: Source, folder: str, into: BackupDirectory, *, after: tuple[Node, ...]) -> None:
        super().__init__(source.name, after=after)
        self.kind = source.kind
        self.progress = Progress(lambda _message, _fraction: None)
        self._source = source
        self._folder = folder
        self._into = into
        self._lock = threading.Lock()
        self._refused = 0

    def run(self, given: Given, report: Report) -> Action:
        """Copy it."""
        self.progress = Progress(report)
        self.progress.listing(1)
        with errors.on_this_machine(self._into.root):
            crew.share([partial(self._list, self._source.root(), 1.0)], self._source.workers)
        return Action.COPY

    def _list(self, folder: Folder, part: float) -> Iterator[Work]:
        """List a folder, and go on with what lies in it. It is so large a `part` of the whole, as far as one knows."""
        lies_there = list(self._source.expand(folder))
        each = part / max(1, len(lies_there))
        for found in lies_there:
            if isinstance(found, Folder):
                self.progress.listing(1, endless=found.marker is not None)
            else:
                self.progress.expect(1, found.size or 0)
        if not lies_there:
            self.progress.passed(part)
        if folder.is_directory:
            self._into.note(Entry(self._folder, folder.name))
        self.progress.listing(-1)
        return (
            partial(self._list, found, each) if isinstance(found, Folder) else partial(self._copy, found, each)
            for found in lies_there
        )

    def _copy(self, item: Item, part: float, tries: int = 1) -> Iterable[Work]:
        if entry := self._into.earlier(self._folder, item.name, item.version):
            self.progress.passed(part, skipped=True)
            self.progress.done(entry.bytes, skipped=True)
            return []
        path = self._into.incoming()
        failed: Exception | None = None

        def guarded(piece: Work) -> None:
            nonlocal failed
            try:
                if not failed:
                    piece()
            except (ItemChangedError, MlflowAzureError) as error:
                failed = error

        def end() -> list[Work]:
            if isinstance(failed, ItemChangedError):
                return self._again(item, path, part, tries)
            if failed is None:
                transfer.finish()
                self._keep(item, path)
            elif isinstance(failed, MlflowAzureError) and _is_of_one_file(failed):
                self._leave_out(item, path, failed)
            else:
                raise failed
            self.progress.passed(part)
            return []

        transfer = self._source.fetch(item, path, self.progress.moved)
        return crew.carry_out(type(transfer)([partial(guarded, each) for each in transfer.pieces]), end)

    def _again(self, item: Item, path: Path, part: float, tries: int) -> list[Work]:
        """Copy the current version of a changed item; a deleted one is not part of the backup."""
        fresh = self._source.look_again(item)
        if fresh and tries == _PATIENCE:
            what = f"{item.name} in {self._source.kind} {self._source.name}"
            self._leave_out(item, path, errors.keeps_changing(what))
        else:
            self._drop(item, path)
        if fresh is None or tries == _PATIENCE:
            self.progress.passed(part)
            return []
        self.progress.expect(1, fresh.size or 0)
        return [partial(self._copy, fresh, part, tries + 1)]

    def _leave_out(self, item: Item, path: Path, why: MlflowAzureError) -> None:
        """Go on without a file that cannot be read; raise the reason where it is not the file's own."""
        with self._lock:
            self._refused += why.code not in _ARCHIVED
            if self._source.is_one or self._refused >= _IN_A_ROW:
                raise why
        self._drop(item, path)
        self._into.leave_out(Unreadable(self._folder, item.name, why.message))

    def _drop(self, item: Item, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.progress.expect(-1, -(item.size or 0))

    def _keep(self, item: Item, path: Path) -> None:
        size = path.stat().st_size
        if item.size is not None and size != item.size:
            raise MlflowAzureError(
                f"reading {item.name}: only {size} of {item.size} bytes arrived",
                hint="Run the backup again; it picks up where it left off.",
            )
        self._refused = 0
        digest = manifest.file_sha256(path)
        self._into.keep(path, Entry(self._folder, item.name, "", size, digest, item.version))
        self.progress.done(size)


def _is_of_one_file(error: MlflowAzureError) -> bool:
    return getattr(error.__cause__, "status_code", None) in _OF_ONE_FILE


def steps(sources: Sequence[tuple[Source, str]], into: BackupDirectory, *, before: tuple[Task, ...] = ()) -> list[Task]:
    """Return the steps to back up sources, each with its folder: all are frozen, if possible, before any is listed."""
    frozen = (*before, *(Freeze(source) for source, _ in sources if source.freezes))
    return [*frozen, *(CopyPart(source, folder, into, after=frozen) for source, folder in sources)]


@contextmanager
def released(sources: Sequence[Source], tell: Callable[[MlflowAzureError], None]) -> Iterator[None]:
    """Release everything that was frozen in Azure, whatever happens.

    Args:
        sources: What may be frozen.
        tell: Called with each failure to release if the work failed too.

    Raises:
        MlflowAzureError: The work is done, but not everything could be released: the next run does so.

    """
    try:
        yield
    except BaseException:
        for problem in _release(sources):
            tell(problem)
        raise
    raise_all(_release(sources))


def _release(sources: Sequence[Source]) -> list[MlflowAzureError]:
    """Release them, and return what failed. It has its own time limit, since the command's may have expired."""
    problems = []
    for source in sources:
        try:
            Deadline(_RELEASE_SECONDS).call(source.release)
        except MlflowAzureError as problem:
            problems.append(problem)
    return problems
