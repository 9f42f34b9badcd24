"""`mlflow-azure upgrade`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.build_options import Build, BuildCa, BuildOption, image_source
from mlflow_azure.cli.command import command
from mlflow_azure.cli.feature_options import Auth, Public
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.options import refuse_beside
from mlflow_azure.console import text
from mlflow_azure.deployment.upgrade.compared import Compared, LeftAside
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.settings import FILE_SHARE, OFF, POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.deployment.upgrade.changeover import Standing
    from mlflow_azure.deployment.upgrade.upgrading import Aim, Moved

_TOLD = 20
"""How many runs that could not be moved are reported individually."""


class Version(StrEnum):
    """The versions that an upgrade can lead to."""

    THREE = "3"


@dataclass(frozen=True)
class UpgradeAnswer(Answer):
    """A server that runs MLflow 3, with the runs moved to it.

    Attributes:
        url: URL of the server.
        runs: Number of runs that were moved.
        experiments: Both sides of each experiment, as compared; empty if an earlier run compared them.
        aside: What could not be moved and is only on the file share; each is reported as an error.
        repeated: Number of metric points that the file share has more than once, and the database once.
        backup: Path of the backup of the file share.
        seconds: Duration of this run.
        stopped_seconds: How long the server was down.
        last_pass_seconds: How much of that time was spent moving and comparing runs.

    """

    url: str
    runs: int
    experiments: tuple[Compared, ...]
    aside: tuple[LeftAside, ...]
    repeated: int
    backup: str | None
    seconds: float
    stopped_seconds: float
    last_pass_seconds: float

    def text(self) -> str:
        """Both sides as a table, what could not be moved, and what to do next."""
        rows = [
            (each.id, each.name, side, f"{of.runs:,}", f"{of.params:,}", f"{of.tags:,}", f"{of.points:,}", of.hash[:12])
            for each in self.experiments
            for side, of in (("file share", each.file_store), ("database", each.database))
        ]
        header = ("id", "experiment", "side", "runs", "params", "tags", "points", "hash")
        compared = [text.table(header, rows), ""] if rows else []
        repeated = [f"{self.repeated:,} metric points were logged more than once; the database stores each once."]
        more = [f"  and {len(self.aside) - _TOLD:,} more"] if len(self.aside) > _TOLD else []
        aside = [*(f"✗ {each}" for each in self.aside[:_TOLD]), *more, ""] if self.aside else []
        took = f"{text.duration(self.seconds)}, with the server down for {text.duration(self.stopped_seconds)}"
        return "\n".join(
            [
                *compared,
                *(repeated if self.repeated else []),
                *aside,
                f"{self.url} runs MLflow 3 ({took}).",
                "",
                "Add it to your settings: MLFLOW_VERSION=3",
                "The file share is kept. To go back to it: mlflow-azure upgrade --rollback",
                "When you no longer need to go back: mlflow-azure upgrade --finish",
            ]
        )


@dataclass(frozen=True)
class RollbackAnswer(Answer):
    """A server that runs MLflow 1.5.0 again, on the file share as it was at the switch.

    Attributes:
        url: URL of the server.
        seconds: Duration.

    """

    url: str
    seconds: float

    def text(self) -> str:
        return (
            f"{self.url} runs MLflow 1.5.0 again (in {text.duration(self.seconds)}).\n"
            "The database is kept, with what was logged to MLflow 3. To upgrade again: mlflow-azure upgrade --to 3"
        )


@dataclass(frozen=True)
class FinishAnswer(Answer):
    """A finished upgrade.

    Attributes:
        url: URL of the server.
        share: The file share that was deleted.

    """

    url: str
    share: str

    def text(self) -> str:
        return f"File share {self.share} is deleted, and the storage account no longer accepts keys."


@dataclass(frozen=True)
class ReleaseAnswer(Answer):
    """Without --to: an MLflow 3 server with the release of this mlflow-azure.

    Attributes:
        url: URL of the server.
        release: Its release.
        before: Its previous release; null if that is not recorded.
        migrated: Whether the database had an older schema.
        backup: Path of the backup of the database.
        seconds: Duration of this run.
        stopped_seconds: How long the server was down.

    """

    url: str
    release: str
    before: str | None
    migrated: bool
    backup: str | None
    seconds: float
    stopped_seconds: float

    def text(self) -> str:
        """What was done, and the way back."""
        took = f"{text.duration(self.seconds)}, with the server down for {text.duration(self.stopped_seconds)}"
        lines = [f"{self.url} runs MLflow {self.release} ({took})."]
        if self.backup and self.migrated:
            lines.append(
                f"To go back, restore the backup in {self.backup} to a deployment created with the earlier "
                "mlflow-azure."
            )
        return "\n".join(lines)


@command("upgrade", UpgradeAnswer, ReleaseAnswer, RollbackAnswer, FinishAnswer, makes=True, asks=True)
def upgrade(
    run: Invocation,
    *,
    to: Annotated[
        Version | None, typer.Option("--to", help="MLflow version to upgrade to.", show_default=False)
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to MLflow 1.5.0, with the file share as it was at the switch.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Delete the file share; there is no way back after that.")
    ] = False,
    backup: Annotated[
        Path | None,
        typer.Option("--backup", metavar="DIRECTORY", help="Back up the runs to this directory first."),
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no backup.")] = False,
    keep_artifact_uris: Annotated[
        bool,
        typer.Option(
            "--keep-artifact-uris",
            help="Leave artifact URIs unchanged; clients then need access to the storage account.",
        ),
    ] = False,
    delete_share: Annotated[
        bool, typer.Option("--delete-share", help="With --finish --yes: delete the file share without asking.")
    ] = False,
    build: BuildOption = Build.AUTO,
    build_ca: BuildCa = None,
    auth: Auth = False,
    public: Public = False,
) -> int:
    """Upgrade MLflow 1.5.0 with all its runs to MLflow 3 on PostgreSQL, or MLflow 3 to the newest release.

    Run it again to continue.
    """
    from mlflow_azure.cli.database_access import alone
    from mlflow_azure.deployment.deploy import Wish
    from mlflow_azure.deployment.upgrade.changeover import standing
    from mlflow_azure.deployment.upgrade.upgrading import Aim, Upgrading

    said = sum((to is not None, rollback, finish))
    if said > 1:
        raise _NOT_SAID
    moving = {"--backup": backup, "--no-backup": no_backup, "--keep-artifact-uris": keep_artifact_uris}
    refuse_beside({"--rollback": rollback, "--finish": finish}, moving)
    refuse_beside({"--backup": backup}, {"--no-backup": no_backup})
    began = time.monotonic()
    if to is not None:
        _take_settings_of(run, to)
    found = run.wait(lambda: standing(run.azure, run.settings))
    if not said and found.version != POSTGRES:
        raise _NOT_SAID

    def aim(version: str) -> Aim:
        unknown = [name for name in ("AUTOSCALE", "PRIVATE_NETWORK") if run.loaded.given(name)]
        off = dict.fromkeys(unknown if version == FILE_SHARE else (), OFF)
        settings = run.settings_with({**found.kept(run.loaded), **off, "MLFLOW_VERSION": version})
        context, builder = image_source(run, settings, build, build_ca)
        return Aim(settings, Wish(auth=auth, public=public, context=context, build=builder))

    with alone(run, "upgrading"):
        if not said:
            run.answer(_released(run, found, aim(POSTGRES), backup, began, without_backup=no_backup))
            return 0
        work = Upgrading(run, run.azure, found, old=aim(FILE_SHARE), new=aim(POSTGRES))
        if rollback:
            run.answer(RollbackAnswer(work.roll_back(), round(time.monotonic() - began, 1)))
            return 0
        if finish:
            run.answer(FinishAnswer(*work.finish(delete_share=delete_share)))
            return 0
        moved = work.move(backup, without_backup=no_backup, keep_artifact_uris=keep_artifact_uris)
    return _tell(run, _moved(moved, backup, began))


def _take_settings_of(run: Invocation, to: Version) -> None:
    """Read the settings as those of the target version if the deployed version does not support them."""
    try:
        run.loaded  # noqa: B018 - read for the first time
    except MlflowAzureError:
        run.options = {**run.options, "MLFLOW_VERSION": to.value}


def _released(
    run: Invocation, found: Standing, aim: Aim, backup: Path | None, began: float, *, without_backup: bool
) -> ReleaseAnswer:
    from mlflow_azure.deployment.upgrade.within import renew
    from mlflow_azure.image.context import mlflow_release

    done = renew(run, run.azure, found, aim, backup, without_backup=without_backup)
    return ReleaseAnswer(
        url=done.url,
        release=mlflow_release(),
        before=found.release,
        migrated=done.migrated,
        backup=str(backup) if backup else None,
        seconds=round(time.monotonic() - began, 1),
        stopped_seconds=round(done.stopped_seconds, 1),
    )


def _moved(moved: Moved, backup: Path | None, began: float) -> UpgradeAnswer:
    last = moved.last
    return UpgradeAnswer(
        url=moved.url,
        runs=sum(each.database.runs for each in last.experiments) if last else 0,
        experiments=last.experiments if last else (),
        aside=last.aside if last else (),
        repeated=last.repeated if last else 0,
        backup=str(backup) if backup and last else None,
        seconds=round(time.monotonic() - began, 1),
        stopped_seconds=round(moved.stopped_seconds, 1),
        last_pass_seconds=round(moved.last_pass_seconds, 1),
    )


_NOT_SAID = SettingsError(
    "give exactly one of --to, --rollback and --finish; none of them if the deployment runs MLflow 3",
    hint="To move all runs to MLflow 3: mlflow-azure upgrade --to 3",
    code="Usage",
)


def _tell(run: Invocation, answer: UpgradeAnswer) -> int:
    problems = [
        MlflowAzureError(
            f"moving {each}",
            hint="It is still on the file share. Fix it there, go back (mlflow-azure upgrade --rollback), and "
            "upgrade again; runs that were already moved stay moved.",
            code="NotMoved",
        )
        for each in answer.aside
    ]
    return run.verdict(answer, problems)
