"""Carries out an upgrade step by step, its rollback, and its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.backing_up import kept_or_made
from mlflow_azure.deployment.decisions import decide_access
from mlflow_azure.deployment.features.continuous_deployment import password_stored
from mlflow_azure.deployment.features.enabled import enabled_features
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.leased import leased
from mlflow_azure.deployment.temporary_site import RemovedSite, temporary_site
from mlflow_azure.deployment.upgrade import changeover
from mlflow_azure.deployment.upgrade.beside import Beside, beside
from mlflow_azure.deployment.upgrade.moving import MovingPass
from mlflow_azure.errors import SettingsError
from mlflow_azure.events import Action, Warned
from mlflow_azure.resources.site_state import StartedSite, StoppedSite
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.deploy import Deploy, Wish
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.foundation import PostgresFoundation
    from mlflow_azure.deployment.upgrade.changeover import Standing
    from mlflow_azure.deployment.upgrade.compared import Passed
    from mlflow_azure.engine.node import Node
    from mlflow_azure.settings import Settings

_MOST_PASSES = 5
"""Passes while the server keeps running. Each has less to do than the one before, unless clients log faster than runs
are moved."""
_FEW = 0.01
"""The fraction of runs to leave to the last pass."""

_START_SECONDS = 60


@dataclass(frozen=True)
class Aim:
    """A deployment of one of the two versions: its settings, and what the user wants beyond them."""

    settings: Settings
    wish: Wish


@dataclass(frozen=True)
class Moved:
    """The result of an upgrade.

    Attributes:
        url: URL of the server.
        last: The pass after which both sides were compared; None if an earlier command did that.
        stopped_seconds: How long the server was down.
        last_pass_seconds: How much of that time was spent moving and comparing runs.

    """

    url: str
    last: Passed | None = None
    stopped_seconds: float = 0
    last_pass_seconds: float = 0


class Upgrading:
    """An upgrade of a deployment."""

    def __init__(self, dialog: Dialog, azure: Azure, found: Standing, *, old: Aim, new: Aim) -> None:
        """Prepare it.

        Args:
            dialog: Shows progress, and asks questions.
            found: The state of the upgrade.
            old: The deployment as MLflow 1.5.0.
            new: The same as MLflow 3.

        """
        self._dialog, self._azure, self._found = dialog, azure, found
        self._old, self._new = old, new

    def move(self, backup: Path | None, *, without_backup: bool, keep_artifact_uris: bool) -> Moved:
        """Move everything, and switch to MLflow 3."""
        has_to_move = self._found.version == FILE_SHARE
        if has_to_move and (backup is None) == (not without_backup):
            raise SettingsError(
                "you have not said whether to back up the file share first",
                hint="To back it up: --backup DIRECTORY. To skip that, since the file share is kept: --no-backup",
                code="BackupNotDecided",
            )
        changeover.refuse_never_switched(self._found, "upgrading to MLflow 3")
        changeover.refuse_finished(self._found, "upgrading to MLflow 3")
        if not has_to_move:
            self._dialog.require_consent("Continue with the switch to MLflow 3?")
            with self._alone("upgrading"):
                return Moved(self._switch(aside=None))
        self._refuse_undecided()
        azure, settings, wish = self._azure, self._new.settings, self._new.wish
        prepared = self._dialog.wait(
            lambda: beside(
                azure, settings, context=wish.context, build=wish.build, keep_artifact_uris=keep_artifact_uris
            )
        )
        planned = self._dialog.wait(lambda: engine.plan(prepared.nodes, azure.deadline, required=prepared.required))
        self._dialog.note(_announcement(planned, backup))
        self._dialog.require_consent("Move all runs, and switch the server to MLflow 3?")
        with self._alone("upgrading"):
            if backup:
                kept_or_made(self._dialog, self._azure, self._old.settings, backup)
            self._dialog.watch(engine.Execution(planned, azure.deadline).events())
            self._accept(self._passes(prepared))
            return self._last_pass_and_switch(prepared)

    def _refuse_undecided(self) -> None:
        """Raise SettingsError if it is undecided who can reach MLflow 3, or a password would remain stored.

        This happens before anything is created.
        """
        azure, settings, wish = self._azure, self._new.settings, self._new.wish
        live = self._dialog.wait(lambda: enabled_features(azure, settings))
        if live.continuous_deployment:
            raise password_stored("Turn it off first: mlflow-azure cd disable")
        self._dialog.wait(lambda: decide_access(azure, settings, live, auth=wish.auth, public=wish.public))

    def _passes(self, prepared: Beside) -> Passed:
        """Move runs while the server keeps running, until few are left."""
        for number in range(1, _MOST_PASSES + 1):
            passed = self._pass(prepared, f"pass {number}")
            if passed.moved <= passed.runs * _FEW:
                break
        return passed

    def _pass(self, prepared: Beside, name: str) -> Passed:
        task = MovingPass(prepared.site, prepared.token, name)
        self._do(task)
        return task.passed

    def _accept(self, passed: Passed) -> None:
        """Ask whether to continue without what cannot be moved."""
        if not passed.aside:
            return
        self._dialog.warn(Warned(f"{each}", "It stays on the file share.") for each in passed.aside)
        self._dialog.require_consent(f"Continue without the {len(passed.aside):,} that cannot be moved?")

    def _last_pass_and_switch(self, prepared: Beside) -> Moved:
        """With the server stopped, move the rest, compare, and switch. If that fails, 1.5.0 is started again."""
        site = self._base.site
        stopped = time.monotonic()
        try:
            self._do(StoppedSite(site))
            began = time.monotonic()
            last = self._pass(prepared, "last pass")
            while last.moved:
                last = self._pass(prepared, "check of the last pass")
            moved_seconds = time.monotonic() - began
            last.refuse_differences()
        except BaseException:
            self._start_again()
            raise
        url = self._switch(aside=len(last.aside))
        return Moved(url, last, time.monotonic() - stopped, moved_seconds)

    def _start_again(self) -> None:
        """Start 1.5.0 again, with a time limit of its own, since the command's may have expired."""
        azure = self._azure.within(Deadline(_START_SECONDS))
        site = postgres_foundation(azure, self._new.settings).site
        self._dialog.watch(engine.Execution(engine.plan([StartedSite(site)], azure.deadline), azure.deadline).events())

    def _switch(self, *, aside: int | None) -> str:
        """Switch the web app to MLflow 3, wait until it responds, and return its URL."""
        azure, settings = self._azure, self._new.settings
        url = self._deploy(lambda: changeover.to_3(azure, settings, self._new.wish, aside=aside))
        self._do(self._without_temporary_site())
        return url

    def roll_back(self) -> str:
        """Go back to 1.5.0, and return its URL. An upgrade that was not switched yet is abandoned."""
        changeover.refuse_never_switched(self._found, "rolling back")
        changeover.refuse_finished(self._found, "rolling back")
        azure = self._azure
        if self._dialog.wait(lambda: enabled_features(azure, self._new.settings)).scaling:
            raise SettingsError(
                f"rolling back: plan {self._old.settings.asp_name} scales by itself, but the file store of MLflow "
                "1.5.0 works with one instance only",
                hint="mlflow-azure deploy --autoscale off",
            )
        self._dialog.require_consent(
            "Go back to MLflow 1.5.0? What was logged to MLflow 3 stays in the database, but is not shown."
        )
        with self._alone("rolling back"):
            return self._rolled_back()

    def _rolled_back(self) -> str:
        azure, site = self._azure, self._base.site
        if self._found.version == FILE_SHARE and self._found.upgrade is None:
            self._do(self._without_temporary_site(), StartedSite(site))
            return str(self._dialog.wait(lambda: engine.read([site], azure.deadline)[site].outputs or {})["url"])
        if self._found.version == POSTGRES:
            self._do(StoppedSite(site))
        url = self._deploy(lambda: changeover.back_to_1_5_0(azure, self._old.settings, self._old.wish))
        self._do(self._without_temporary_site())
        return url

    def finish(self, *, delete_share: bool) -> tuple[str, str]:
        """Delete the file share after asking twice; return the server's URL and the share's name."""
        azure, settings = self._azure, self._new.settings
        changeover.refuse_never_switched(self._found, "finishing the upgrade")
        if self._found.version == FILE_SHARE:
            raise SettingsError(
                "finishing the upgrade: the server runs MLflow 1.5.0, on the file share",
                hint="mlflow-azure upgrade --to 3",
                code="NothingToDo",
            )
        share = settings.storage_file_share_name
        if self._dialog.agreed_beforehand and not delete_share:
            raise SettingsError(
                f"file share {share} would be deleted; --yes alone does not confirm that",
                hint="To delete it too: --yes --delete-share",
                code="ConfirmationNeeded",
            )
        aside = f" {self._found.aside:,} that could not be moved exist only there." if self._found.aside else ""
        self._dialog.require_consent(f"Delete file share {share}? There is no way back after that.{aside}")
        self._dialog.require_consent(f"Really delete {share}, with every run of MLflow 1.5.0 in it?")
        with self._alone("finishing the upgrade of"):
            url = self._deploy(lambda: changeover.finish(azure, settings, self._new.wish))
            self._do(changeover.RemovedShare(azure, settings))
        return url, share

    def _alone(self, what: str) -> AbstractContextManager[None]:
        return leased(self._azure, self._new.settings, what)

    @property
    def _base(self) -> PostgresFoundation:
        return postgres_foundation(self._azure, self._new.settings)

    def _without_temporary_site(self) -> RemovedSite:
        return RemovedSite(temporary_site(self._base, self._new.settings))

    def _deploy(self, prepare: Callable[[], Deploy]) -> str:
        prepared = self._dialog.wait(prepare)
        self._dialog.warn(prepared.warnings)
        self._dialog.watch(prepared.events())
        return str(prepared.outputs(prepared.stack.site)["url"])

    def _do(self, *tasks: Node) -> None:
        deadline = self._azure.deadline
        self._dialog.watch(engine.Execution(engine.plan(tasks, deadline), deadline).events())


def _announcement(planned: engine.Plan, backup: Path | None) -> str:
    made = [step for step in planned.changes if step.action is not Action.KEEP]
    steps: Sequence[str] = [
        *([f"back up the file share to {backup}"] if backup else []),
        f"create next to the running server: {', '.join(f'{each.kind} {each.name}' for each in made) or 'nothing'}",
        "move all runs, while clients keep logging",
        "stop the server, move what was logged in the meantime, and compare both sides",
        "switch the server to MLflow 3; the file share is kept for --rollback, until --finish",
    ]
    return "\n".join(["To be done:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))])
