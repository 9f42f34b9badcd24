"""A key to the blob container, which the temporary web app gives, and which ends by itself."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azure.core.credentials import AzureSasCredential

from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from mlflow_azure.deployment.remote_task import TaskSite

_EARLY = timedelta(minutes=30)


class ContainerAccess(AzureSasCredential):
    """A user delegation SAS of the container, renewed in time.

    The storage account of MLflow 3 takes no account key, and whoever may deploy has by that no role for blobs. A role
    that was assigned for the length of a command would count after minutes only, and have to be taken back.
    https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas

    Args:
        asked: The temporary web app, whose identity may sign.
        write: Whether for more than reading.

    """

    def __init__(self, asked: TaskSite, *, write: bool) -> None:
        super().__init__("-")
        self._asked = asked
        self._path = "/container?write" if write else "/container"
        self._renewing = threading.Lock()
        self._ends = datetime.min.replace(tzinfo=UTC)
        self._current = ""

    @property
    def signature(self) -> str:
        """The signature, good for half an hour at least."""
        with self._renewing:
            if self._ends - datetime.now(UTC) < _EARLY:
                given = self._asked.look(self._path, "requesting a SAS for the blob container")
                self._current, self._ends = given["signature"], datetime.fromisoformat(given["expires"])
            return self._current

    def update(self, signature: str) -> None:
        """Not from outside."""
        raise MlflowAzureError("renewing the SAS for the blob container: it renews itself", hint="Report this.")
