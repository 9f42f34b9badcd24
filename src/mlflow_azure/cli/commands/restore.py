"""`mlflow-azure restore`."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text


@dataclass(frozen=True)
class RestoredPart:
    """A part of a backup that was restored.

    Attributes:
        kind: "file share" or "blob container".
        name: Where it is now.
        files: How many files it has.

    """

    kind: str
    name: str
    files: int


@dataclass(frozen=True)
class RestoreAnswer(Answer):
    """A backup that was restored.

    Attributes:
        directory: Where the backup is.
        id: Of the backup, a UUID.
        files: How many files it has.
        bytes: Their size.
        parts: What was restored.
        skipped: How many files an earlier run had written.
        removed: How many existing files that are not in the backup were deleted.
        rewritten: In how many files the address of artifacts was changed.
        seconds: How long this run took.

    """

    directory: str
    id: str
    files: int
    bytes: int
    parts: tuple[RestoredPart, ...]
    skipped: int
    removed: int
    rewritten: int
    seconds: float
    following: str = only_for_text(default="")

    def text(self) -> str:
        """A sentence, and what can be done with it."""
        counted = f"{self.files:,} files, {text.size(self.bytes)}, in {text.duration(self.seconds)}"
        return f"Restored {counted}.\n{self.following}"


@command("restore", RestoreAnswer)
def restore(
    run: Invocation,
    directory: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    local: Annotated[
        Path | None, typer.Option("--local", help="Write it to this directory instead, for MLflow on this machine.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace existing data with what is in the backup.")
    ] = False,
    stop_server: Annotated[bool, typer.Option("--stop-server", help="Stop the web app while this runs.")] = False,
) -> None:
    """Write a backup to the deployment, or to a directory. Run it again to continue after an interruption."""
    from mlflow_azure.deployment.restoring import Restore

    began = time.monotonic()
    prepared = Restore(directory)
    if local:
        out = local.absolute()
        run.wait(lambda: prepared.to_directory(out), "Checking what is there")
        following = f"Open it with MLflow: mlflow ui --backend-store-uri {shlex.quote(str(out / 'mlruns'))}"
    else:
        azure, settings = run.azure, run.settings
        run.wait(lambda: prepared.to_deployment(azure, settings, stop_server=stop_server), "Looking at what is there")
        following = "How the server is: mlflow-azure status"
    written = prepared.carry_out(run, run.deadline, replace=replace)
    run.answer(
        RestoreAnswer(
            directory=str(directory),
            id=prepared.manifest.id,
            files=sum(step.progress.files for step in written),
            bytes=sum(step.progress.bytes for step in written),
            parts=tuple(RestoredPart(step.kind, step.name, step.progress.files) for step in written),
            skipped=sum(step.progress.skipped for step in written),
            removed=sum(step.removed for step in written),
            rewritten=sum(step.rewritten for step in written),
            seconds=round(time.monotonic() - began, 1),
            following=following,
        )
    )
