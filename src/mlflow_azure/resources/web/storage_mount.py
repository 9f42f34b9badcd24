"""The file share in the web app's file system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import one_of
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources import arm
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.writes import when_free
from mlflow_azure.secret import Secret, revealed

if TYPE_CHECKING:
    from azure.mgmt.web.models import AzureStoragePropertyDictionaryResource

    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.storage.file_share import FileShare
    from mlflow_azure.resources.storage.storage_account import StorageAccount
    from mlflow_azure.resources.storage.storage_key import StorageKey
    from mlflow_azure.resources.web.web_app import WebApp

BROKEN = frozenset({"InvalidCredentials", "InvalidShare"})
"""What Azure says of a mount that cannot work: AzureStorageState of its REST API, without Ok and NotValidated."""


class StorageMount(SitePart):
    """Mounts the share at a path, with a key of the account. Mounts that the user has added stay.

    Args:
        account: The account of the share.
        share: The share.
        path: Where it is mounted.
        key: The key that it is to be mounted with. None: any that is valid.
        after: What is written before it.

    """

    kind = "storage mount"
    config = "azurestorageaccounts"

    def __init__(
        self,
        site: WebApp,
        *,
        account: StorageAccount,
        share: FileShare,
        path: str,
        key: StorageKey | None = None,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(site, needs=(account, *((key,) if key else ())), after=(share, *after))
        self.account = account
        self.share = share
        self.path = path
        self.pinned = key

    def with_key(self, key: StorageKey) -> StorageMount:
        """The same mount, with this key and no other."""
        return StorageMount(self.site, account=self.account, share=self.share, path=self.path, key=key)

    def read(self, given: Given) -> Properties | None:
        with doing(f"reading the mounts of {self.site}"):
            return _redacted(self.apps.list_azure_storage_accounts(*self.where))

    def desired(self, given: Given) -> Properties:
        """The share at its path; named like the account, as `az webapp config storage-account add` users do."""
        return {
            self.account.name: {
                "type": "AzureFiles",
                "accountName": self.account.name,
                "shareName": self.share.name,
                "mountPath": self.path,
                "accessKey": given(self.pinned, "key") if self.pinned else one_of(given(self.account, "keys")),
                "state": "Ok",
            }
        }

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Mount it, keeping other mounts: the write replaces all of them."""
        others = {name: mount for name, mount in live.items() if mount.get("mountPath") != self.path}
        write, body = self.apps.update_azure_storage_accounts, _writable({**others, **desired})
        with doing(f"mounting {self.share} in {self.site}"):
            mounts = _redacted(when_free(self.azure, lambda: write(*self.where, body), report))
        self._check_state(mounts)
        return mounts

    def _check_state(self, mounts: Properties) -> None:
        """Azure answers 200 to a wrong key too; only the state tells."""
        state = mounts[self.account.name]["state"]
        if state != "Ok":
            raise MlflowAzureError(
                f"mounting {self.share} in {self.site}: Azure says {state}",
                hint="Check that the storage account can be reached from App Service, then run: mlflow-azure deploy",
                code=str(state),
            )


class NoStorageMount(SitePart):
    """No share at a path. Mounts that the user has added stay."""

    kind = "storage mount"
    config = "azurestorageaccounts"

    def __init__(self, site: WebApp, *, path: str) -> None:
        super().__init__(site)
        self.path = path

    def read(self, given: Given) -> Properties | None:
        """The mounts, and whether one is at the path."""
        with doing(f"reading the mounts of {self.site}"):
            mounts = _redacted(self.apps.list_azure_storage_accounts(*self.where))
        return {"mounts": mounts, "mounted": any(each.get("mountPath") == self.path for each in mounts.values())}

    def desired(self, given: Given) -> Properties:
        return {"mounted": False}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Take it away; the share and what is in it stay."""
        others = {name: mount for name, mount in live.get("mounts", {}).items() if mount.get("mountPath") != self.path}
        write, body = self.apps.update_azure_storage_accounts, _writable(others)
        with doing(f"unmounting {self.path} from {self.site}"):
            when_free(self.azure, lambda: write(*self.where, body), report)
        return {"mounts": others, "mounted": False}


def _writable(mounts: Properties) -> Any:
    """The mounts as Azure takes them: with their keys, and without their state."""
    kept = {name: {key: value for key, value in mount.items() if key != "state"} for name, mount in mounts.items()}
    return arm.sent({"properties": revealed(kept)})


def _redacted(answer: AzureStoragePropertyDictionaryResource) -> Properties:
    """The mounts with their keys, which Azure echoes, as secrets.

    A state that Azure does not know, as before the site's first start, counts as fine.
    """
    mounts = arm.body(answer).get("properties") or {}
    return {
        name: {
            **mount,
            "accessKey": Secret(mount.get("accessKey") or ""),
            "state": mount["state"] if mount.get("state") in BROKEN else "Ok",
        }
        for name, mount in mounts.items()
    }
