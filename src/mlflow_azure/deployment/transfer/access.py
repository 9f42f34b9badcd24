"""A SAS for the blob container, issued by the temporary web app, which expires by itself."""

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

    MLflow 3's storage account accepts no keys, and permission to deploy does not include a role for blobs. A role
    assigned for the duration of a command would take minutes to become effective, and would have to be removed again.
    https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas

    Args:
        asked: The client of the temporary web app, whose identity may sign.
        write: Whether it allows more than reading.

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
        """Return the signature, valid for at least half an hour."""
        with self._renewing:
            if self._ends - datetime.now(UTC) < _EARLY:
                given = self._asked.look(self._path, "requesting a SAS for the blob container")
                self._current, self._ends = given["signature"], datetime.fromisoformat(given["expires"])
            return self._current

    def update(self, signature: str) -> None:
        """Never called from outside."""
        raise MlflowAzureError("renewing the SAS for the blob container: it renews itself", hint="Report this.")
