"""`mlflow-azure backup`."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.options import refuse_beside
from mlflow_azure.console import text

if TYPE_CHECKING:
    from mlflow_azure.data.manifest import Manifest

_TOLD = 20
"""How many damaged files are reported individually."""


@dataclass(frozen=True)
class BackedUp:
    """A part of a backup.

    Attributes:
        kind: "file share" or "database", and "blob container".
        name: Its name in Azure.
        files: Number of files.
        bytes: Their total size.

    """

    kind: str
    name: str
    files: int
    bytes: int


@dataclass(frozen=True)
class BackupAnswer(Answer):
    """A finished backup.

    Attributes:
        directory: Path of the backup.
        id: Id of the backup, a UUID.
        files: Number of files.
        bytes: Their total size.
        parts: The parts of the backup.
        skipped: Number of files that an earlier run had already copied.
        unreadable: Number of files that could not be read, without which the backup is incomplete; each is an error.
        seconds: Duration of this run.

    """

    directory: str
    id: str
    files: int
    bytes: int
    parts: tuple[BackedUp, ...]
    skipped: int
    unreadable: int
    seconds: float
    problems: tuple[str, ...] = only_for_text(default=())

    def text(self) -> str:
        counted = [(part.kind, f"{text.files(part.files)}, {text.size(part.bytes)}") for part in self.parts]
        lines = text.fields([*counted, ("directory", self.directory), ("took", text.duration(self.seconds))])
        directory = shlex.quote(str(Path(self.directory).absolute()))
        if self.unreadable:
            return (
                f"{lines}\n\n{_listed(self.problems)}\n\nIncomplete: {text.files(self.unreadable)} could not be read. "
                f"To try only these again: mlflow-azure backup {directory}"
            )
        check = f"mlflow-azure backup --verify {directory}"
        return f"{lines}\n\nCheck it at any time, without Azure: {check}"


@dataclass(frozen=True)
class VerifyAnswer(Answer):
    """With --verify: whether the backup is intact.

    Attributes:
        directory: Path of the backup.
        id: Id of the backup, a UUID.
        files: Number of files.
        bytes: Their total size.
        damaged: Number of missing or changed files; each is reported as an error.

    """

    directory: str
    id: str
    files: int
    bytes: int
    damaged: int
    problems: tuple[str, ...] = only_for_text(default=())

    def text(self) -> str:
        found = f"{text.files(self.files)}, {text.size(self.bytes)}"
        if not self.damaged:
            return f"Every file is intact: {found}."
        return f"{_listed(self.problems)}\n\n{self.damaged:,} of {found}"


def _listed(problems: tuple[str, ...]) -> str:
    more = [f"  and {len(problems) - _TOLD:,} more"] if len(problems) > _TOLD else []
    return "\n".join([*(f"✗ {each}" for each in problems[:_TOLD]), *more])


@command("backup", BackupAnswer, VerifyAnswer)
def backup(
    run: Invocation,
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIRECTORY",
            help="Where to put it: a new or empty directory, or an unfinished backup to continue.",
        ),
    ],
    *,
    without_artifacts: Annotated[bool, typer.Option("--without-artifacts", help="Skip the blob container.")] = (False),
    stop_server: Annotated[bool, typer.Option("--stop-server", help="Stop the web app while this runs.")] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check an existing backup against its checksums instead of making one. Needs no Azure."
        ),
    ] = False,
) -> int:
    """Back up all runs and artifacts to a directory. Run it again to continue after an interruption.

    Examples:
      mlflow-azure backup team-runs
      mlflow-azure backup team-runs --verify

    """
    refuse_beside({"--verify": verify}, {"--without-artifacts": without_artifacts, "--stop-server": stop_server})
    if verify:
        return _verify(run, directory)
    began = time.monotonic()
    made, skipped = _make(run, directory, artifacts=not without_artifacts, stop_server=stop_server)
    problems = [each.problem for each in made.unreadable]
    answer = BackupAnswer(
        directory=str(directory),
        id=made.id,
        **made.totals,
        parts=tuple(BackedUp(part.kind, part.name, part.files, part.bytes) for part in made.parts),
        skipped=skipped,
        unreadable=len(problems),
        seconds=round(time.monotonic() - began, 1),
        problems=tuple(problem.message for problem in problems),
    )
    return run.verdict(answer, problems)


def _make(run: Invocation, directory: Path, *, artifacts: bool, stop_server: bool) -> tuple[Manifest, int]:
    """Return the backup, and the number of files that an earlier run had copied."""
    from mlflow_azure.cli.database_access import alone_everywhere, stored_database
    from mlflow_azure.data.claimed import LOCK, claimed
    from mlflow_azure.deployment.backing_up import Backup, refuse_place
    from mlflow_azure.deployment.stored_data import as_deployed

    settings = run.wait(lambda: as_deployed(run.azure, run.settings))
    with claimed(directory / LOCK, f"backing up to {directory}"):
        refuse_place(settings, directory, artifacts=artifacts)
        with alone_everywhere(run, "backing up"), stored_database(run, settings) as database:
            prepared = run.wait(lambda: Backup(run.azure, settings, directory, artifacts=artifacts, database=database))
            prepared.open()
            run.achieved["directory"] = str(directory)
            prepared.copy(run, stop_server=stop_server)
        return prepared.finish(), prepared.skipped


def _verify(run: Invocation, directory: Path) -> int:
    from mlflow_azure import engine
    from mlflow_azure.data import manifest
    from mlflow_azure.data.verify import Verify

    made = manifest.read(directory, incomplete=True)
    check = Verify(manifest.entries(directory, made))
    run.watch(engine.Execution(engine.plan([check], run.deadline), run.deadline).events())
    problems = check.problems
    told = tuple(problem.message for problem in problems)
    answer = VerifyAnswer(str(directory), made.id, **made.totals, damaged=len(problems), problems=told)
    return run.verdict(answer, problems)
