"""Microsoft Graph: the directory of app registrations, service principals, users and groups.

API: https://learn.microsoft.com/graph/api/overview. Its replicas lag: a new object is unknown to the next
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
"""Graph's messages about new objects that are not replicated yet, as in azure-cli (role/custom.py)."""
_EXISTS = "already exists"
REPLICATION_SECONDS = 180.0
PURGE_SECONDS = 30.0


class MicrosoftGraph:
    """The directory of the signed-in user's tenant. All methods raise what the Azure SDK raises."""

    def __init__(self, cloud: Cloud, credential: Credential, deadline: Deadline) -> None:
        self._deadline = deadline
        self._rest = RestClient(cloud, credential, cloud.graph, deadline)

    def find(self, collection: str, condition: str) -> list[dict[str, Any]]:
        """Return the objects of a collection ("/applications") that match an OData filter."""
        answer = self._rest.send("GET", _VERSION + collection, query={"$filter": condition})
        return self._all(answer)

    def members(self, collection: str) -> list[dict[str, Any]]:
        """Return all objects of a collection below an object that may be new."""
        return self._all(self._fresh(lambda: self._rest.send("GET", _VERSION + collection)))

    def get(self, path: str) -> dict[str, Any]:
        """One object."""
        return self._rest.send("GET", _VERSION + path)

    def create(self, collection: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add an object; objects that it refers to may be new."""
        return self._fresh(lambda: self._rest.send("POST", _VERSION + collection, body))

    def relate(self, collection: str, body: Mapping[str, Any]) -> None:
        """Add a relation between objects. An existing one is not an error: lists may lack it for a minute.

        https://github.com/microsoftgraph/msgraph-bicep-types/issues/161
        """
        from azure.core.exceptions import HttpResponseError

        try:
            self.create(collection, body)
        except HttpResponseError as error:
            if _EXISTS not in str(error.message):
                raise

    def update(self, path: str, body: Mapping[str, Any]) -> None:
        """Change an object, which may be new."""
        self._fresh(lambda: self._rest.send("PATCH", _VERSION + path, body))

    def delete(self, path: str) -> None:
        """Delete an object; it is not an error if it is already gone."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._rest.send("DELETE", _VERSION + path)
        except ResourceNotFoundError:
            return

    def purge(self, object_id: str) -> None:
        """Permanently delete a just deleted object, which takes a moment to appear among the deleted items."""
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
    """Whether Graph does not know a new object yet: a 404, or a response whose text says so."""
    from azure.core.exceptions import ResourceNotFoundError

    return isinstance(error, ResourceNotFoundError) or (
        error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
        and any(text in str(error.message) for text in _TOO_EARLY)
    )


def quoted(text: str) -> str:
    """Return a text quoted for an OData filter: https://learn.microsoft.com/graph/filter-query-parameter."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
