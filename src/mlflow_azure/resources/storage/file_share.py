"""The file share for MLflow's metrics and params. Created through Resource Manager, which needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.storage.storage_account import StorageAccount


class FileShare(AzureResource):
    """An SMB file share with a quota in GiB."""

    kind = "file share"

    def __init__(self, azure: Azure, name: str, *, account: StorageAccount, quota: int) -> None:
        super().__init__(azure, name, parent=account)
        self.account = account
        self.quota = quota

    @property
    def id(self) -> str:
        return f"{self.account.id}/fileServices/default/shares/{self.name}"

    def read(self, given: Given) -> Properties | None:
        return arm.get(str(self), lambda: self.azure.storage.file_shares.get(*self.account.where, self.name))

    def desired(self, given: Given) -> Properties:
        return {"properties": {"shareQuota": self.quota}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        with doing(f"creating {self}"):
            self.azure.storage.file_shares.create(*self.account.where, self.name, arm.sent(desired))
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        with doing(f"updating {self}"):
            self.azure.storage.file_shares.update(*self.account.where, self.name, arm.sent(desired))
        return desired

    def state(self, live: Properties) -> str:
        return "Available"
