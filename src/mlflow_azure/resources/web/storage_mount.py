"""The mount of the file share in the web app."""

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
"""States of a broken mount: AzureStorageState of the REST API, without Ok and NotValidated."""


class StorageMount(SitePart):
    """Mounts the share at a path, with a key of the account. The user's own mounts stay.

    Args:
        account: The account of the share.
        share: The share.
        path: The mount point.
        key: The key to mount it with; None for any valid one.
        after: Nodes written before it.

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
        """Return the same mount, with exactly this key."""
        return StorageMount(self.site, account=self.account, share=self.share, path=self.path, key=key)

    def read(self, given: Given) -> Properties | None:
        with doing(f"reading the mounts of {self.site}"):
            return _redacted(self.apps.list_azure_storage_accounts(*self.where))

    def desired(self, given: Given) -> Properties:
        """The share at its path; with the account's name, as usual with `az webapp config storage-account add`."""
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
        """Mount it, and keep other mounts: the write replaces all of them."""
        others = {name: mount for name, mount in live.items() if mount.get("mountPath") != self.path}
        write, body = self.apps.update_azure_storage_accounts, _writable({**others, **desired})
        with doing(f"mounting {self.share} in {self.site}"):
            mounts = _redacted(when_free(self.azure, lambda: write(*self.where, body), report))
        self._check_state(mounts)
        return mounts

    def _check_state(self, mounts: Properties) -> None:
        """Check the state: Azure returns 200 even for a wrong key."""
        state = mounts[self.account.name]["state"]
        if state != "Ok":
            raise MlflowAzureError(
                f"mounting {self.share} in {self.site}: Azure says {state}",
                hint="Check that the storage account can be reached from App Service, then run: mlflow-azure deploy",
                code=str(state),
            )


class NoStorageMount(SitePart):
    """No share at a path. The user's own mounts stay."""

    kind = "storage mount"
    config = "azurestorageaccounts"

    def __init__(self, site: WebApp, *, path: str) -> None:
        super().__init__(site)
        self.path = path

    def read(self, given: Given) -> Properties | None:
        """Return the mounts, and whether one is at the path."""
        with doing(f"reading the mounts of {self.site}"):
            mounts = _redacted(self.apps.list_azure_storage_accounts(*self.where))
        return {"mounts": mounts, "mounted": any(each.get("mountPath") == self.path for each in mounts.values())}

    def desired(self, given: Given) -> Properties:
        return {"mounted": False}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Unmount it; the share and its contents stay."""
        others = {name: mount for name, mount in live.get("mounts", {}).items() if mount.get("mountPath") != self.path}
        write, body = self.apps.update_azure_storage_accounts, _writable(others)
        with doing(f"unmounting {self.path} from {self.site}"):
            when_free(self.azure, lambda: write(*self.where, body), report)
        return {"mounts": others, "mounted": False}


def _writable(mounts: Properties) -> Any:
    """Return the mounts to write: with their keys, and without their state."""
    kept = {name: {key: value for key, value in mount.items() if key != "state"} for name, mount in mounts.items()}
    return arm.sent({"properties": revealed(kept)})


def _redacted(answer: AzureStoragePropertyDictionaryResource) -> Properties:
    """Return the mounts, with the keys that Azure echoes as secrets.

    An unknown state, as before the site's first start, counts as OK.
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
