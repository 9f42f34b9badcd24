"""The errors of Microsoft Graph, in its own words."""

from __future__ import annotations


class GraphError(Exception):
    """A request was refused, with Graph's code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def not_found(object_id: str) -> GraphError:
    """Return the error for a missing object."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present.",
    )


def bad_request(message: str) -> GraphError:
    """Return the error for a request that Graph cannot carry out."""
    return GraphError(400, "Request_BadRequest", message)
