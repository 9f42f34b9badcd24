"""The change of the MLflow that a web app runs, forth and back, and the end of the file share."""

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
    """Where the way from 1.5.0 to 3 stands.

    Attributes:
        version: Which MLflow the web app was made for.
        upgrade: "switched", "finished" or "rolled-back"; None before.
        aside: How many runs are only in the file share.
        sku: Size of the plan that the web app is on.
        release: Which release of MLflow 3 it has, where that was noted.

    """

    version: str
    upgrade: str | None
    aside: int
    sku: str
    release: str | None

    def kept(self, loaded: Loaded) -> dict[str, str]:
        """The settings that an upgrade leaves as they are, unless the user names others.

        MLflow 3 fits on the default plan of 1.5.0, and its own default may not be in reach.
        """
        return {} if loaded.given("ASP_SKU") else {"ASP_SKU": self.sku}


def standing(azure: Azure, settings: Settings) -> Standing:
    """Where it stands.

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
    """Let the web app become MLflow 3; the share stays. `aside` is None where it is known from before."""
    labels = {arm.UPGRADE: arm.SWITCHED, **({} if aside is None else {arm.LEFT_ASIDE: str(aside)})}

    def becomes(live: Features) -> Features:
        return replace(live, version=POSTGRES, upgrade=arm.SWITCHED, move=Move(labels))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def back_to_1_5_0(azure: Azure, settings: Settings, wish: Wish) -> Deploy:
    """Let the web app become MLflow 1.5.0 again, which pulls with the registry's admin user."""
    labels = {arm.UPGRADE: arm.ROLLED_BACK, arm.MLFLOW_VERSION: FILE_SHARE}

    def becomes(live: Features) -> Features:
        return replace(live, version=FILE_SHARE, identity=None, upgrade=arm.ROLLED_BACK, move=Move(labels))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def finish(azure: Azure, settings: Settings, wish: Wish) -> Deploy:
    """Note that there is no way back, and let no key open the storage account any more."""

    def becomes(live: Features) -> Features:
        return replace(live, upgrade=arm.FINISHED, move=Move({arm.UPGRADE: arm.FINISHED}))

    return Deploy(azure, settings, replace(wish, becomes=becomes))


def refuse_never_switched(found: Standing, what: str) -> None:
    """Raise SettingsError where the web app runs MLflow 3 and there is no file share that it came from."""
    if found.version == POSTGRES and found.upgrade is None:
        raise SettingsError(
            f"{what}: it was deployed as MLflow 3", hint="Check its state: mlflow-azure status", code="NothingToDo"
        )


def refuse_finished(found: Standing, what: str) -> None:
    """Raise SettingsError where the file share is gone."""
    if found.upgrade == arm.FINISHED:
        raise SettingsError(
            f"{what}: the upgrade is finished and the file share is deleted",
            hint="A backup of it can be restored to another deployment: mlflow-azure restore DIRECTORY",
            code="NothingToDo",
        )


class RemovedShare(Task):
    """A file share that is gone."""

    kind = "file share"
    action: ClassVar[Action] = Action.DELETE

    def __init__(self, azure: Azure, settings: Settings) -> None:
        super().__init__(settings.storage_file_share_name)
        self._azure = azure
        self._settings = settings

    def run(self, given: Given, report: Report) -> Action:
        """Delete it with its snapshots. Azure keeps it a while, unless that was switched off.

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
