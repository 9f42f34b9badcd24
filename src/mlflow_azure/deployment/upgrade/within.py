"""Upgrades from one release of MLflow 3 to that of this mlflow-azure, on the same database."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure import engine
from mlflow_azure.deadline import Deadline
from mlflow_azure.deployment.backing_up import kept_or_made
from mlflow_azure.deployment.decisions import is_newer, newer
from mlflow_azure.deployment.deploy import Deploy
from mlflow_azure.deployment.foundation import Move
from mlflow_azure.deployment.leased import leased
from mlflow_azure.deployment.remote_task import RemoteTask
from mlflow_azure.deployment.transfer.opened import opened
from mlflow_azure.errors import SettingsError
from mlflow_azure.events import Action
from mlflow_azure.image.context import mlflow_release
from mlflow_azure.resources.site_state import StartedSite, StoppedSite

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.deployment.transfer.stored_database import StoredDatabase
    from mlflow_azure.deployment.upgrade.changeover import Standing
    from mlflow_azure.deployment.upgrade.upgrading import Aim
    from mlflow_azure.resources.web.web_app import WebApp

_START_SECONDS = 60


@dataclass(frozen=True)
class Renewed:
    """The result.

    Attributes:
        url: URL of the server.
        migrated: Whether the schema was migrated.
        stopped_seconds: How long the server was down.

    """

    url: str
    migrated: bool
    stopped_seconds: float


class MigratedSchema(RemoteTask):
    """The schema of this release."""

    kind = "schema"
    action: ClassVar[Action] = Action.UPDATE
    what: ClassVar[str] = "migrating the schema"


def renew(
    dialog: Dialog, azure: Azure, found: Standing, aim: Aim, backup: Path | None, *, without_backup: bool
) -> Renewed:
    """Back up, migrate the schema with the server stopped, and start the server with the new image.

    Every step can be repeated: running the command again continues with what is left.

    Raises:
        SettingsError: It is undecided whether to back up, or the deployed release is newer.

    """
    if (backup is None) == (not without_backup):
        raise SettingsError(
            "you have not said whether to back up the database first",
            hint="To back it up: --backup DIRECTORY. To skip the backup, with no way back: --no-backup",
            code="BackupNotDecided",
        )
    if is_newer(found.release):
        name = aim.settings.web_app_name
        raise newer(f"web app {name} runs MLflow {found.release}, newer than {mlflow_release()}")
    with leased(azure, aim.settings, "upgrading"):
        return _renew(dialog, azure, aim, backup)


def _renew(dialog: Dialog, azure: Azure, aim: Aim, backup: Path | None) -> Renewed:
    settings, wish = aim.settings, aim.wish
    with opened(dialog, azure, settings, wish.context, wish.build) as data:
        asked = data.temporary.asked
        state: dict[str, Any] = dialog.wait(lambda: asked.look("/database", "checking the database"))
        if state["age"] == "newer":
            raise newer(f"the database has revision {state['revision']}, of a newer MLflow than {mlflow_release()}")
        kept = f"back the database up to {backup}, " if backup else ""
        dialog.require_consent(f"Stop the server, {kept}and upgrade it to MLflow {mlflow_release()}?")
        if backup:
            kept_or_made(dialog, azure, settings, backup, data, revision=state["revision"])
        stopped = time.monotonic()
        if state["age"] == "older":
            _migrate(dialog, azure, data, data.temporary.serving)

    def becomes(live: Features) -> Features:
        return replace(live, move=Move({}))

    prepared = dialog.wait(lambda: Deploy(azure, settings, replace(wish, becomes=becomes)))
    dialog.warn(prepared.warnings)
    dialog.watch(prepared.events())
    url = str(prepared.outputs(prepared.stack.site)["url"])
    return Renewed(url, state["age"] == "older", time.monotonic() - stopped if state["age"] == "older" else 0.0)


def _migrate(dialog: Dialog, azure: Azure, data: StoredDatabase, site: WebApp) -> None:
    """Migrate the schema. A failure leaves the old one, with which the previous server continues.

    PostgreSQL rolls back each unfinished migration, so a kill leaves a schema of some release.
    """
    _do(dialog, azure.deadline, StoppedSite(site))
    try:
        _do(dialog, azure.deadline, MigratedSchema(data.temporary.asked, "schemas", data.name_of_database))
    except BaseException:
        _do(dialog, Deadline(_START_SECONDS), StartedSite(site))
        raise


def _do(dialog: Dialog, deadline: Deadline, task: StoppedSite | StartedSite | MigratedSchema) -> None:
    dialog.watch(engine.Execution(engine.plan([task], deadline), deadline).events())
