"""`mlflow-azure backup`."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text

if TYPE_CHECKING:
    from mlflow_azure.data.backup import CopyPart
    from mlflow_azure.data.manifest import Manifest
    from mlflow_azure.errors import MlflowAzureError

_TOLD = 20
"""How many damaged files are told one by one."""


@command("backup")
def backup(
    run: Invocation,
    directory: Annotated[Path, typer.Argument(help="Where it goes: new, empty, or of a backup to go on with.")],
    *,
    without_artifacts: Annotated[bool, typer.Option("--without-artifacts", help="Leave the blob container out.")] = (
        False
    ),
    stop_server: Annotated[bool, typer.Option("--stop-server", help="Stop the web app meanwhile.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare a backup with its checksums, and make none. Needs no Azure.")
    ] = False,
) -> int:
    """Copy all runs and artifacts to a directory. Run it again to go on where it was interrupted."""
    if verify:
        return _verify(run, directory)
    began = time.monotonic()
    copies, made = _backup(run, directory, artifacts=not without_artifacts, stop_server=stop_server)
    data = _data(directory, made) | {
        "skipped": sum(each.progress.skipped for each in copies),
        "seconds": round(time.monotonic() - began, 1),
    }
    run.answer(data, _summary(directory, made, time.monotonic() - began))
    return 0


def _backup(run: Invocation, directory: Path, *, artifacts: bool, stop_server: bool) -> tuple[list[CopyPart], Manifest]:
    from mlflow_azure import engine
    from mlflow_azure.data.backup import CopyPart, released, steps
    from mlflow_azure.data.directory import BackupDirectory
    from mlflow_azure.deployment.stopped_server import stopped_server
    from mlflow_azure.deployment.stored_data import new_backup, stored_data

    into = BackupDirectory(directory, new_backup(run.settings, artifacts=artifacts))
    sources = run.wait(lambda: stored_data(run.azure, run.settings)).sources(into.manifest)
    into.open()
    run.achieved["directory"] = str(directory)
    todo = steps(sources, into)
    with (
        stopped_server(run.azure, run.settings) if stop_server else nullcontext(),
        released([source for source, _ in sources], lambda error: run.console.warn(error.message, error.hint)),
    ):
        run.console.watch(engine.Execution(engine.plan(todo, run.deadline), run.deadline).events())
    return [step for step in todo if isinstance(step, CopyPart)], into.finish()


def _data(directory: Path, made: Manifest) -> dict[str, Any]:
    parts = [{"kind": part.kind, "name": part.name, "files": part.files, "bytes": part.bytes} for part in made.parts]
    return {"directory": str(directory), "id": made.id, **made.totals, "parts": parts}


def _summary(directory: Path, made: Manifest, seconds: float) -> str:
    counted = [(part.kind, f"{part.files:,} files, {text.size(part.bytes)}") for part in made.parts]
    lines = text.fields([*counted, ("directory", directory), ("took", text.duration(seconds))])
    return f"{lines}\n\nCheck it at any time, without Azure: mlflow-azure backup --verify {directory}"


def _verify(run: Invocation, directory: Path) -> int:
    from mlflow_azure import engine
    from mlflow_azure.data import manifest
    from mlflow_azure.data.verify import Verify

    made = manifest.read(directory)
    check = Verify(directory, manifest.entries(directory, made))
    run.console.watch(engine.Execution(engine.plan([check], run.deadline), run.deadline).events())
    data = _data(directory, made) | {"damaged": len(check.problems)}
    found = f"{made.totals['files']:,} files, {text.size(made.totals['bytes'])}, of {made.finished}"
    run.console.verdict(run.command, data, _verdict(found, check.problems), check.problems)
    return check.problems[0].exit_code if check.problems else 0


def _verdict(found: str, problems: list[MlflowAzureError]) -> str:
    if not problems:
        return f"Every file is as it was backed up: {found}."
    lines = [f"✗ {problem.message}" for problem in problems[:_TOLD]]
    more = [f"  and {len(problems) - _TOLD:,} more"] if len(problems) > _TOLD else []
    return "\n".join([*lines, *more, "", f"{len(problems):,} damaged, of {found}. {problems[0].hint}"])
