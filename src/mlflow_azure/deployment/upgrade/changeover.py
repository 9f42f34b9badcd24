"""Switching a web app between MLflow versions, and removing the file share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deployment.deploy import Deploy, Wish
from mlflow_azure.deployment.features.version import release_of, version_of
from mlflow_azure.deployment.foundation import Move
from mlflow_azure.engine.node import Given, Task
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.events import Action
from mlflow_azure.resources import arm
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.engine.node import Report
    from mlflow_azure.settings import Loaded, Settings


@dataclass(frozen=True)
class Standing:
    """The state of the upgrade from 1.5.0 to 3.

    Attributes:
        version: The MLflow version of the web app.
        upgrade: "switched", "finished" or "rolled-back"; None before that.
        aside: Number of runs that are only on the file share.
        sku: Size of the web app's plan.
        release: Its release of MLflow 3, if recorded.

    """

    version: str
    upgrade: str | None
    aside: int
    sku: str
    release: str | None

    def kept(self, loaded: Loaded) -> dict[str, str]:
        """Return the settings that an upgrade keeps, unless the user changes them.

        MLflow 3 fits on the default plan of 1.5.0, and its own default may not be available.
        """
        return {} if loaded.given("ASP_SKU") else {"ASP_SKU": self.sku}


def standing(azure: Azure, settings: Settings) -> Standing:
    """Return its state.

    Raises:
        MlflowAzureError: Nothing is deployed.

    """
    group, name = settings.rg_name, settings.web_app_name
    live = arm.get(f"web app {name}", lambda: azure.web.web_apps.get(group, name))
    version = version_of(live)
    if live is None or version is None:
        raise MlflowAzureError(
            f"upgrading web app {name} in resource group {group}: it is not deployed, or not by mlflow-azure",
            hint="mlflow-azure deploy --mlflow 3",
            code="NotDeployed",
        )
    plan = str(live["properties"]["serverFarmId"]).rpartition("/")[2]
    with doing(f"reading app service plan {plan}"):
        sku = arm.body(azure.web.app_service_plans.get(group, plan))["sku"]["name"]
    tags: Mapping[str, str] = live["tags"]
    return Standing(version, tags.get(arm.UPGRADE), int(tags.get(arm.LEFT_ASIDE, "0")), str(sku), release_of(live))


def to_3(azure: Azure, settings: Settings, wish: Wish, *, aside: int | None) -> Deploy:
    """Switch the web app to MLflow 3 and keep the share. `aside` is None if it is already recorded."""
    labels = {arm.UPGRADE: arm.SWITCHED, **({} if aside is None else {arm.LEFT_ASIDE: str(aside)})}

    def becomes(live: Features) -> Features:
        return replace(live, version=POSTGRES, upgrade=arm.SWITCHED, move=Move(labels))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def back_to_1_5_0(azure: Azure, settings: Settings, wish: Wish) -> Deploy:
    """Switch the web app back to MLflow 1.5.0, which pulls with the registry's admin user."""
    labels = {arm.UPGRADE: arm.ROLLED_BACK, arm.MLFLOW_VERSION: FILE_SHARE}

    def becomes(live: Features) -> Features:
        return replace(live, version=FILE_SHARE, identity=None, upgrade=arm.ROLLED_BACK, move=Move(labels))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def finish(azure: Azure, settings: Settings, wish: Wish) -> Deploy:
    """Record that there is no way back, and disable the storage account's keys."""

    def becomes(live: Features) -> Features:
        return replace(live, upgrade=arm.FINISHED, move=Move({arm.UPGRADE: arm.FINISHED}))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def refuse_never_switched(found: Standing, what: str) -> None:
    """Raise SettingsError if the web app runs MLflow 3 without having been upgraded."""
    if found.version == POSTGRES and found.upgrade is None:
        raise SettingsError(
            f"{what}: it was deployed as MLflow 3", hint="Check its state: mlflow-azure status", code="NothingToDo"
        )


def refuse_finished(found: Standing, what: str) -> None:
    """Raise SettingsError if the file share is gone."""
    if found.upgrade == arm.FINISHED:
        raise SettingsError(
            f"{what}: the upgrade is finished and the file share is deleted",
            hint="A backup of it can be restored to another deployment: mlflow-azure restore DIRECTORY",
            code="NothingToDo",
        )


class RemovedShare(Task):
    """The removal of a file share."""

    kind = "file share"
    action: ClassVar[Action] = Action.DELETE

    def __init__(self, azure: Azure, settings: Settings) -> None:
        super().__init__(settings.storage_file_share_name)
        self._azure = azure
        self._settings = settings

    def run(self, given: Given, report: Report) -> Action:
        """Delete it with its snapshots. Azure keeps it for a while, unless soft delete is off.

        https://learn.microsoft.com/azure/storage/files/storage-files-prevent-file-share-deletion
        """
        from azure.core.exceptions import ResourceNotFoundError

        settings = self._settings
        with doing(f"deleting file share {self.name}"):
            try:
                self._azure.storage.file_shares.delete(
                    settings.rg_name, settings.storage_account_name, self.name, include="snapshots"
                )
            except ResourceNotFoundError:
                return Action.KEEP
        return Action.DELETE
