"""`mlflow-azure restore`."""

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
from mlflow_azure.deployment.upgrade.compared import LeftAside
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from mlflow_azure.data.restore import RestorePart
    from mlflow_azure.deployment.restoring import Restore


@dataclass(frozen=True)
class RestoredPart:
    """A part of a backup that was restored.

    Attributes:
        kind: "file share" or "database", and "blob container".
        name: Its name in Azure.
        files: Number of files.

    """

    kind: str
    name: str
    files: int


@dataclass(frozen=True)
class RestoreAnswer(Answer):
    """A backup that was restored.

    Attributes:
        directory: Path of the backup.
        id: Id of the backup, a UUID.
        files: Number of files.
        bytes: Their total size.
        parts: What was restored.
        skipped: Number of files that an earlier run had already written.
        removed: Number of existing files that were deleted because they are not in the backup.
        rewritten: Number of files, or database rows, whose artifact URIs were rewritten.
        aside: What MLflow 3 cannot store of a 1.5.0 backup; it is only in the backup, and each is an error.
        seconds: Duration of this run.

    """

    directory: str
    id: str
    files: int
    bytes: int
    parts: tuple[RestoredPart, ...]
    skipped: int
    removed: int
    rewritten: int
    aside: tuple[LeftAside, ...]
    seconds: float
    following: str = only_for_text(default="")

    def text(self) -> str:
        counted = f"{text.files(self.files)}, {text.size(self.bytes)}, in {text.duration(self.seconds)}"
        aside = [f"✗ {each}" for each in self.aside]
        return "\n".join([f"Restored {counted}.", *aside, self.following])


@command("restore", RestoreAnswer, asks=True)
def restore(
    run: Invocation,
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="A backup.")],
    *,
    local: Annotated[
        Path | None,
        typer.Option(
            "--local", metavar="DIRECTORY", help="Write it to this directory instead, for MLflow on this machine."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace existing data with what is in the backup.")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Restore a backup from which files are missing.")
    ] = False,
    stop_server: Annotated[bool, typer.Option("--stop-server", help="Stop the web app while this runs.")] = False,
) -> int:
    """Restore a backup to the deployment, or to a directory. Run it again to continue after an interruption.

    Examples:
      mlflow-azure restore team-runs
      mlflow-azure restore team-runs --replace --stop-server
      mlflow-azure restore team-runs --local here

    """
    from mlflow_azure.cli.database_access import alone_everywhere, stored_database
    from mlflow_azure.data.claimed import LOCK, claimed
    from mlflow_azure.deployment.restoring import Restore
    from mlflow_azure.deployment.stored_data import as_deployed

    refuse_beside({"--local": local}, {"--stop-server": stop_server})
    # What is there may be all that is left of a file that is missing.
    refuse_beside({"--incomplete": incomplete}, {"--replace": replace})
    began = time.monotonic()
    prepared = Restore(directory, incomplete=incomplete)
    looking = "Checking what is there"
    if local:
        out = local.absolute()
        following = _opened(prepared, out)
        with claimed(out / LOCK, f"restoring to {local}"):
            run.wait(lambda: prepared.to_directory(out), looking)
            written = prepared.carry_out(run, run.deadline, replace=replace)
    else:
        azure = run.azure
        settings = run.wait(lambda: as_deployed(azure, run.settings))
        following = "Check its health: mlflow-azure status"
        with alone_everywhere(run, "restoring to"), stored_database(run, settings) as database:
            if database:
                run.wait(lambda: prepared.to_database(database), looking)
            else:
                run.wait(lambda: prepared.to_deployment(azure, settings, stop_server=stop_server), looking)
            written = prepared.carry_out(run, run.deadline, replace=replace)
    return _tell(run, _answer(directory, prepared, written, time.monotonic() - began, following))


def _opened(prepared: Restore, out: Path) -> str:
    """Return how to open a directory with plain MLflow."""
    made = prepared.manifest.database
    if made is None:
        return f"Open it with MLflow: mlflow ui --backend-store-uri {shlex.quote(str(out / 'mlruns'))}"
    database, artifacts = shlex.quote(f"sqlite:///{out / 'mlflow.db'}"), shlex.quote(str(out / "artifacts"))
    return (
        f"Open it with MLflow {made['mlflow']}: "
        f"mlflow server --backend-store-uri {database} --artifacts-destination {artifacts}"
    )


def _answer(
    directory: Path, prepared: Restore, steps: list[RestorePart], seconds: float, following: str
) -> RestoreAnswer:
    loaded = prepared.loaded.result if prepared.loaded else {}
    return RestoreAnswer(
        directory=str(directory),
        id=prepared.manifest.id,
        files=sum(step.progress.files for step in steps),
        bytes=sum(step.progress.bytes for step in steps),
        parts=tuple(RestoredPart(step.kind, step.name, step.progress.files) for step in steps),
        skipped=sum(step.progress.skipped for step in steps),
        removed=sum(step.removed for step in steps),
        rewritten=sum(step.rewritten for step in steps) + int(loaded.get("rewritten", 0)),
        aside=tuple(LeftAside(**each) for each in loaded.get("aside", ())),
        seconds=round(seconds, 1),
        following=following,
    )


def _tell(run: Invocation, answer: RestoreAnswer) -> int:
    problems = [
        MlflowAzureError(
            f"restoring {each}",
            hint="It is kept in the backup. Fix it there and restore again, or leave it.",
            code="NotMoved",
        )
        for each in answer.aside
    ]
    return run.verdict(answer, problems)
