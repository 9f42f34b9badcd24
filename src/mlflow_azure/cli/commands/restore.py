"""`mlflow-azure restore`."""

from __future__ import annotations

import shlex
import time
from contextlib import nullcontext
from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow_azure.data.manifest import Entry, Manifest
    from mlflow_azure.data.parts import Target
    from mlflow_azure.data.restore import Restoring


@command("restore")
def restore(
    run: Invocation,
    directory: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    local: Annotated[
        Path | None, typer.Option("--local", help="Write it to this directory, for MLflow on this machine.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what is there for what is in the backup.")
    ] = False,
    stop_server: Annotated[bool, typer.Option("--stop-server", help="Stop the web app meanwhile.")] = False,
) -> None:
    """Write a backup to the deployment, or to a directory. Run it again to go on where it was interrupted."""
    from mlflow_azure.data import manifest
    from mlflow_azure.data.restored import Restored

    began = time.monotonic()
    made = manifest.read(directory)
    entries = manifest.entries(directory, made)
    if local:
        out = local.absolute()
        done = Restored(directory, str(out))
        parts = _parts(directory, made, entries, _local_targets(made, entries, out), (out / "artifacts").as_uri(), done)
        data = _restore(run, parts, done, replace=replace, stop_server=False)
        where = f"Open it with MLflow: mlflow ui --backend-store-uri {shlex.quote(str(out / 'mlruns'))}"
    else:
        from mlflow_azure.deployment.stored_data import stored_data
        from mlflow_azure.image.serving import artifact_root

        stored = run.wait(lambda: stored_data(run.azure, run.settings))
        done = Restored(directory, stored.name)
        parts = _parts(directory, made, entries, stored.targets(), artifact_root(run.settings), done)
        data = _restore(run, parts, done, replace=replace, stop_server=stop_server)
        where = f"How the server is: mlflow-azure status{run.same}"
    seconds = time.monotonic() - began
    run.answer(
        {"directory": str(directory), "id": made.id, **data, "seconds": round(seconds, 1)},
        f"Restored {data['files']:,} files, {text.size(data['bytes'])}, in {text.duration(seconds)}.\n{where}",
    )


def _parts(
    directory: Path,
    made: Manifest,
    entries: Sequence[Entry],
    targets: Mapping[str, Target],
    artifacts: str,
    done: Any,
) -> list[Restoring]:
    """The parts of the backup with their targets, in the order of the targets."""
    from mlflow_azure.data.addresses import Addresses
    from mlflow_azure.data.restore import Restoring

    folders = {part.kind: part.folder for part in made.parts}
    if unknown := folders.keys() - targets.keys():
        raise SettingsError(
            f"restoring {directory}: it holds a {min(unknown)}, and the deployment has none",
            hint="Restore it to a deployment of the MLflow that it is of: " + made.mlflow_version,
            code="BackupOfAnotherKind",
        )
    addresses = Addresses(made.artifact_root, artifacts)
    return [
        Restoring(directory, target, folder, [e for e in entries if e.part == folder], addresses, done)
        for kind, target in targets.items()
        if (folder := folders.get(kind))
    ]


def _local_targets(made: Manifest, entries: Sequence[Entry], out: Path) -> Mapping[str, Target]:
    from mlflow_azure.data.local import LocalFolder
    from mlflow_azure.deployment.stored_data import local_layout

    names = {
        part.kind: [e.name for e in entries if e.part == part.folder and not e.is_directory] for part in made.parts
    }
    layout = local_layout(made, out)
    return {kind: LocalFolder(kind, *layout[kind], names[kind]) for kind in layout if kind in names}


def _restore(
    run: Invocation, parts: Sequence[Restoring], done: Any, *, replace: bool, stop_server: bool
) -> dict[str, Any]:
    from mlflow_azure import engine
    from mlflow_azure.data.restore import RestorePart, refuse_data, steps
    from mlflow_azure.data.verify import Verify
    from mlflow_azure.deployment.stopped_server import stopped_server

    for part in parts:
        part.contents = run.wait(part.target.contents, "Looking at what is there")
    verified = None
    if not replace:
        refuse_data(parts)
    elif in_the_way := [part for part in parts if part.in_the_way()]:
        what = " and ".join(f"{len(part.in_the_way()):,} files in {part.label}" for part in in_the_way)
        run.require_consent(f"Give up {what} for what is in the backup?", "restored")
        # What is given up is gone: not for a backup that is damaged.
        verified = Verify(parts[0].backup, [entry for part in parts for entry in part.entries], strict=True)
    done.open()
    todo = steps(parts, verified)
    with stopped_server(run.azure, run.settings) if stop_server else nullcontext():
        run.console.watch(engine.Execution(engine.plan(todo, run.deadline), run.deadline).events())
    done.finish()
    written = [step for step in todo if isinstance(step, RestorePart)]
    return {
        "files": sum(step.progress.files for step in written),
        "bytes": sum(step.progress.bytes for step in written),
        "skipped": sum(step.progress.skipped for step in written),
        "removed": sum(step.removed for step in written),
        "rewritten": sum(step.rewritten for step in written),
        "parts": [{"kind": step.kind, "name": step.name, "files": step.progress.files} for step in written],
    }
