"""The lease of a blob container, which keeps machines that copy to the same deployment apart.

Resource Manager gives it, so neither a key nor a role for blobs is needed. It keeps nobody from reading and writing
blobs, and ends by itself, so that a command that was killed is in nobody's way for longer than a minute:
https://learn.microsoft.com/rest/api/storageservices/lease-container
"""

from __future__ import annotations

import platform
import threading
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources import arm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.azure.clients import Azure

SECONDS = 60
"""The longest lease that expires, in seconds."""
_RENEW_SECONDS = 20
_RELEASE_SECONDS = 15


class LeaseTakenError(Exception):
    """Another machine holds the lease."""


def of_this_machine() -> str:
    """The id of its leases, the same for all commands: a file lock keeps those apart.

    So whoever goes on with a command that was killed here need not wait for the end of its lease.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{platform.node()} {uuid.getnode()}"))


class ContainerLease:
    """The lease of a container, for a command."""

    def __init__(self, azure: Azure, group: str, account: str, container: str) -> None:
        self._azure = azure
        self._where = (group, account, container)
        self._id = of_this_machine()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lease. If there is no container, or it has an infinite lease, nothing is held.

        Raises:
            LeaseTakenError: Another machine holds it.
            MlflowAzureError: Azure refuses.

        """
        from azure.core.exceptions import AzureError

        if not self._azure.deadline.call(self._acquire):
            yield
            return
        over = threading.Event()
        threading.Thread(target=self._renew, args=(over,), daemon=True, name="lease").start()
        try:
            yield
        finally:
            over.set()
            with suppress(AzureError, MlflowAzureError):  # it ends by itself
                Deadline(_RELEASE_SECONDS).call(lambda: self._ask("Release", {"leaseId": self._id}))

    def _acquire(self) -> bool:
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        with doing(f"leasing blob container {self._where[-1]}"):
            try:
                self._ask("Acquire", {"leaseDuration": SECONDS, "proposedLeaseId": self._id})
            except ResourceNotFoundError:
                return False
            except ResourceExistsError as error:  # 409, which a lock of the resource is answered with, too
                live = arm.body(self._azure.storage.blob_containers.get(*self._where))["properties"]
                if live.get("leaseState") != "Leased":
                    raise
                if live.get("leaseDuration") == "Infinite":  # by someone, so that it is not deleted; ours have an end
                    return False
                raise LeaseTakenError from error
        return True

    def _renew(self, over: threading.Event) -> None:
        """Keep renewing it, ignoring failures: an expired lease can be renewed too, unless another machine has it."""
        from azure.core.exceptions import AzureError

        while not over.wait(_RENEW_SECONDS):
            with suppress(AzureError, MlflowAzureError):
                self._ask("Renew", {"leaseId": self._id})

    def _ask(self, action: str, given: dict[str, object]) -> None:
        # Not within the command's own time, which may be what ended it.
        azure = self._azure.within(Deadline(_RELEASE_SECONDS))
        azure.storage.blob_containers.lease(*self._where, arm.sent({"action": action, **given}))
