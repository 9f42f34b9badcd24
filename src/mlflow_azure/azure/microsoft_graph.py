"""Microsoft Graph: the directory that holds app registrations, service principals, users and groups.

API: https://learn.microsoft.com/graph/api/overview. Its replicas lag behind: what was just made is unknown to the next
request for some seconds.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.rest import RestClient, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.exceptions import HttpResponseError

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.deadline import Deadline

_VERSION = "/v1.0"
_TOO_EARLY = (
    "does not reference",
    "does not exist",
    "NoBackingApplicationObject",
    "Not a valid reference update",
    "Permission being assigned was not found",
    "must in the local tenant",  # with status 403, in Graph's own grammar
)
"""What Graph says of something that was just made and is not everywhere yet, as azure-cli knows it (role/custom.py)."""
_EXISTS = "already exists"
REPLICATION_SECONDS = 180.0
PURGE_SECONDS = 30.0


class MicrosoftGraph:
    """The directory of the signed-in user's tenant. All methods raise what the Azure SDK raises."""

    def __init__(self, cloud: Cloud, credential: Credential, deadline: Deadline) -> None:
        self._deadline = deadline
        self._rest = RestClient(cloud, credential, cloud.graph, deadline)

    def find(self, collection: str, condition: str) -> list[dict[str, Any]]:
        """The objects of a collection ("/applications") that fulfil a condition in OData's language."""
        answer = self._rest.send("GET", _VERSION + collection, query={"$filter": condition})
        return self._all(answer)

    def members(self, collection: str) -> list[dict[str, Any]]:
        """All objects of a collection below an object that may have just been made."""
        return self._all(self._fresh(lambda: self._rest.send("GET", _VERSION + collection)))

    def get(self, path: str) -> dict[str, Any]:
        """One object."""
        return self._rest.send("GET", _VERSION + path)

    def create(self, collection: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add an object; the objects that it refers to may have just been made."""
        return self._fresh(lambda: self._rest.send("POST", _VERSION + collection, body))

    def relate(self, collection: str, body: Mapping[str, Any]) -> None:
        """Add a relation between objects. One that is there is no error: lists can lack it for a minute.

        https://github.com/microsoftgraph/msgraph-bicep-types/issues/161
        """
        from azure.core.exceptions import HttpResponseError

        try:
            self.create(collection, body)
        except HttpResponseError as error:
            if _EXISTS not in str(error.message):
                raise

    def update(self, path: str, body: Mapping[str, Any]) -> None:
        """Change an object, which may have just been made."""
        self._fresh(lambda: self._rest.send("PATCH", _VERSION + path, body))

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone is no error."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._rest.send("DELETE", _VERSION + path)
        except ResourceNotFoundError:
            return

    def purge(self, object_id: str) -> None:
        """Delete for good what was just deleted, which takes a moment to be among the deleted items."""
        eventually(
            self._deadline,
            lambda: self._rest.send("DELETE", f"{_VERSION}/directory/deletedItems/{object_id}"),
            _is_too_early,
            patience=PURGE_SECONDS,
        )

    def _all(self, page: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = list(page["value"])
        while link := page.get("@odata.nextLink"):
            page = self._rest.send("GET", link)
            found += page["value"]
        return found

    def _fresh(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return eventually(self._deadline, request, _is_too_early, patience=REPLICATION_SECONDS)


def _is_too_early(error: HttpResponseError) -> bool:
    """Whether Graph does not know yet what was just made: a 404, or an answer whose text says so."""
    from azure.core.exceptions import ResourceNotFoundError

    return isinstance(error, ResourceNotFoundError) or (
        error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
        and any(text in str(error.message) for text in _TOO_EARLY)
    )


def quoted(text: str) -> str:
    """A text as OData writes it in a condition: https://learn.microsoft.com/graph/filter-query-parameter."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
