"""Carries out an upgrade before the user's eyes, step by step: see deployment/upgrade."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.cli.build_options import Build, image_source
from mlflow_azure.cli.commands.backup import make_backup
from mlflow_azure.data import manifest
from mlflow_azure.data.manifest import MANIFEST
from mlflow_azure.deployment.decisions import refuse_undecided_access
from mlflow_azure.deployment.deploy import Deploy, Wish
from mlflow_azure.deployment.features.enabled import enabled_features
from mlflow_azure.deployment.features.sign_in import SignIn
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.stored_data import new_backup
from mlflow_azure.deployment.upgrade import switch
from mlflow_azure.deployment.upgrade.beside import Beside, RemovedSite, beside, temporary_site
from mlflow_azure.deployment.upgrade.moving import MovingPass
from mlflow_azure.errors import SettingsError
from mlflow_azure.events import Action
from mlflow_azure.resources.site_state import StartedSite, StoppedSite
from mlflow_azure.settings import FILE_SHARE, POSTGRES, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.deployment.upgrade.compared import Passed
    from mlflow_azure.engine.node import Node
    from mlflow_azure.settings import Settings

_MOST_PASSES = 5
"""While the server goes on. Each has less to do than the one before, unless clients log faster than runs are moved."""
_FEW = 0.01
"""Of all runs, a part that is left to the last pass."""


@dataclass(frozen=True)
class Moved:
    """What an upgrade came to.

    Attributes:
        url: Where the server is.
        last: The pass after which both sides were compared; None where an earlier command did it.
        stopped_seconds: For how long the server did not answer.
        last_pass_seconds: For how long of that runs were moved and compared.

    """

    url: str
    last: Passed | None = None
    stopped_seconds: float = 0
    last_pass_seconds: float = 0


class Upgrading:
    """An upgrade of the deployment that the settings name.

    Attributes:
        has_to_move: Whether runs are still to be moved.

    """

    def __init__(self, run: Invocation, *, build: Build, build_ca: Path | None, auth: bool, public: bool) -> None:
        """Look where it stands. Raises MlflowAzureError where nothing is deployed."""
        self._run = run
        azure, settings = run.azure, run.settings
        self._found = run.wait(lambda: switch.standing(azure, settings))
        # The plan stays what it is: MLflow 3 fits on the default one of 1.5.0, and its own default may not be in reach.
        sku = {} if run.loaded.given("ASP_SKU") else {"ASP_SKU": self._found.sku}
        self._old, self._new = (self._settings(version, sku) for version in (FILE_SHARE, POSTGRES))
        self._build, self._build_ca = build, build_ca
        self._wish = Wish(auth=auth, public=public)
        self.has_to_move = self._found.version == FILE_SHARE

    def _settings(self, version: str, more: dict[str, str]) -> Settings:
        run = self._run
        options = {**run.options, **more, "MLFLOW_VERSION": version}
        return load(options, os.environ, run.common.settings, Path.cwd()).resolve(run.settings.subscription_id)

    def _with_image(self, settings: Settings) -> Wish:
        context, builder = image_source(self._run, settings, self._build, self._build_ca)
        return replace(self._wish, context=context, build=builder)

    def move(self, backup: Path | None, *, keep_artifact_uris: bool) -> Moved:
        """Move everything, and switch."""
        switch.refuse_never_switched(self._found, "upgrading to MLflow 3")
        switch.refuse_finished(self._found, "upgrading to MLflow 3")
        wish = self._with_image(self._new)
        if not self.has_to_move:
            self._run.require_consent("Go on with the switch to MLflow 3?")
            return Moved(self._switch(wish, aside=None))
        self._refuse_undecided()
        azure, settings = self._run.azure, self._new
        prepared = self._run.wait(
            lambda: beside(
                azure, settings, context=wish.context, build=wish.build, keep_artifact_uris=keep_artifact_uris
            )
        )
        planned = self._run.wait(lambda: engine.plan(prepared.nodes, azure.deadline, required=prepared.required))
        self._run.console.note(_announcement(planned, backup))
        self._run.require_consent("Move all runs, and switch the server to MLflow 3?")
        if backup:
            self._back_up(backup)
        self._run.console.watch(engine.Execution(planned, self._run.deadline).events())
        self._accept(self._passes(prepared))
        return self._last_pass_and_switch(prepared, wish)

    def _refuse_undecided(self) -> None:
        """Raise SettingsError where nobody has said who may reach MLflow 3: before anything is made."""
        azure, settings = self._run.azure, self._new
        live = self._run.wait(lambda: enabled_features(azure, settings))
        sign_in = live.sign_in or (SignIn(managed=True, federated=True) if self._wish.auth else None)
        refuse_undecided_access(settings, replace(live, sign_in=sign_in, is_public=live.is_public or self._wish.public))

    def _back_up(self, directory: Path) -> None:
        """Back the file share up; artifacts stay where they are. What an earlier command has finished is kept."""
        if (directory / MANIFEST).exists():
            made = manifest.read(directory)
            if not made.is_of_the_same(new_backup(self._old, artifacts=False)):
                raise SettingsError(
                    f"backing up to {directory}: a backup of something else is there",
                    hint="Name another directory: --backup DIRECTORY",
                    code="Occupied",
                )
            self._run.console.note(f"The backup in {directory} of {made.finished} is kept.")
            return
        make_backup(self._run, self._old, directory, artifacts=False)

    def _passes(self, prepared: Beside) -> Passed:
        """Move runs while the server goes on, until little changes any more."""
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
        """Ask whether to go on without what cannot be moved."""
        if not passed.aside:
            return
        for each in passed.aside:
            self._run.console.warn(f"{each}", "It stays in the file share.")
        self._run.require_consent(f"Go on without {len(passed.aside):,} that cannot be moved?")

    def _last_pass_and_switch(self, prepared: Beside, wish: Wish) -> Moved:
        """With the server stopped, move what is left, compare, and switch. Where that fails, 1.5.0 goes on."""
        site = postgres_foundation(self._run.azure, self._new).site
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
            self._do(StartedSite(site))
            raise
        url = self._switch(wish, aside=len(last.aside))
        return Moved(url, last, time.monotonic() - stopped, moved_seconds)

    def _switch(self, wish: Wish, *, aside: int | None) -> str:
        """Let the web app become MLflow 3, which then answers; its URL."""
        azure, settings = self._run.azure, self._new
        url = self._deploy(lambda: switch.to_3(azure, settings, wish, aside=aside))
        self._do(RemovedSite(temporary_site(postgres_foundation(azure, settings), settings)))
        return url

    def roll_back(self) -> str:
        """Go back to 1.5.0; its URL. An upgrade that was not switched yet is given up."""
        switch.refuse_never_switched(self._found, "rolling back")
        switch.refuse_finished(self._found, "rolling back")
        azure, settings = self._run.azure, self._old
        base = postgres_foundation(azure, self._new)
        self._run.require_consent(
            "Go back to MLflow 1.5.0? What was logged to MLflow 3 stays in the database, and is not shown then."
        )
        if self._found.version == FILE_SHARE and self._found.upgrade is None:
            self._do(RemovedSite(temporary_site(base, self._new)), StartedSite(base.site))
            site = base.site
            return str(self._run.wait(lambda: engine.read([site], azure.deadline)[site].outputs or {})["url"])
        if self._found.version == POSTGRES:
            self._do(StoppedSite(base.site))
        wish = self._with_image(settings)
        url = self._deploy(lambda: switch.back_to_1_5_0(azure, settings, wish))
        self._do(RemovedSite(temporary_site(base, self._new)))
        return url

    def finish(self, *, delete_share: bool) -> tuple[str, str]:
        """Delete the file share, asked twice; the server's URL, and the share's name."""
        run, settings = self._run, self._new
        switch.refuse_never_switched(self._found, "finishing the upgrade")
        if self._found.version == FILE_SHARE:
            raise SettingsError(
                "finishing the upgrade: the server runs MLflow 1.5.0, on the file share",
                hint="mlflow-azure upgrade --to 3",
                code="NothingToDo",
            )
        share = settings.storage_file_share_name
        if run.common.yes and not delete_share:
            raise SettingsError(
                f"file share {share} would go, and --yes alone does not stand for that",
                hint="Delete it, too: --yes --delete-share",
                code="ConfirmationNeeded",
            )
        aside = f" {self._found.aside:,} that could not be moved are only there." if self._found.aside else ""
        run.require_consent(f"Delete file share {share}? There is no way back to MLflow 1.5.0 then.{aside}")
        run.require_consent(f"Really delete {share}, with every run of MLflow 1.5.0 in it?")
        wish = self._with_image(settings)
        url = self._deploy(lambda: switch.finish(run.azure, settings, wish))
        self._do(switch.RemovedShare(run.azure, settings))
        return url, share

    def _deploy(self, prepare: Callable[[], Deploy]) -> str:
        prepared = self._run.wait(prepare)
        self._run.warn(prepared.warnings)
        self._run.console.watch(prepared.events())
        return str(prepared.outputs(prepared.stack.site)["url"])

    def _do(self, *tasks: Node) -> None:
        deadline = self._run.deadline
        self._run.console.watch(engine.Execution(engine.plan(tasks, deadline), deadline).events())


def _announcement(planned: engine.Plan, backup: Path | None) -> str:
    made = [step for step in planned.changes if step.action is not Action.KEEP]
    steps: Sequence[str] = [
        *([f"back up the file share to {backup}"] if backup else []),
        f"make beside the running server: {', '.join(f'{each.kind} {each.name}' for each in made) or 'nothing'}",
        "move all runs, while clients go on logging",
        "stop the server, move what came meanwhile, compare both sides",
        "switch the server to MLflow 3; the file share is kept, for --rollback, until --finish",
    ]
    return "\n".join(["To be done:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))])
