"""Renewal of one of the two keys of a storage account.

Both are valid, so users of the other one are not affected:
https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import AGAIN, doing
from mlflow_azure.azure.shared_key import is_refused
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.storage.storage_account import connection_string
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.storage.storage_account import StorageAccount

ACCEPTED_SECONDS = 120.0


class StorageKey(AzureResource):
    """A key to renew, once nothing important uses it.

    Args:
        account: Its account.
        name: "key1" or "key2".
        after: Nodes done before it, which switch to the other one.

    """

    kind = "storage account key"
    changing_outputs = ("key", "connection_string")

    def __init__(self, account: StorageAccount, name: str, *, after: tuple[Node, ...] = ()) -> None:
        super().__init__(account.azure, name, parent=account, needs=(account,), after=after)
        self.account = account

    @property
    def id(self) -> str:
        return f"{self.account.id}/keys/{self.name}"

    def read(self, given: Given) -> Properties | None:
        return {"key": given(self.account, "keys")[self.name], "endpoints": given(self.account, "endpoints")}

    def desired(self, given: Given) -> Properties:
        return {"renewed": True}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: every account has it."""
        return self.update(desired, self.read(given) or {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        with doing(f"renewing {self.name} of {self.account}"):
            accounts, wanted = self.azure.storage.storage_accounts, arm.sent({"keyName": self.name})
            listed = accounts.regenerate_key(*self.account.where, wanted).keys_property or []
        key = next((Secret(str(each.value)) for each in listed if each.key_name == self.name), None)
        if key is None:
            raise MlflowAzureError(f"renewing {self.name} of {self.account}: Azure's answer lacks it", hint=AGAIN)
        self._wait_until_accepted(key, live["endpoints"]["blob"], report)
        return {**live, **desired, "key": key}

    def _wait_until_accepted(self, key: Secret, endpoint: str, report: Report) -> None:
        def accepted() -> bool | None:
            if is_refused(self.azure.cloud, self.account.name, key, endpoint):
                report("the account does not accept it yet", None)
                return None
            return True

        if self.azure.deadline.poll(accepted, patience=ACCEPTED_SECONDS) is None:
            raise MlflowAzureError(
                f"renewing {self.name} of {self.account}: the account did not accept it within "
                f"{ACCEPTED_SECONDS:.0f} seconds",
                hint="Whatever used the other key keeps using it. Run the command again.",
                code="KeyNotAccepted",
            )

    def outputs(self, live: Properties) -> Properties:
        string = connection_string(self.account.name, live["key"].reveal(), live["endpoints"])
        return {"key": live["key"], "connection_string": Secret(string)}

    def state(self, live: Properties) -> str:
        return "Valid"
