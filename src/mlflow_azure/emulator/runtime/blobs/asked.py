"""The action and the credential of a request to blob storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from starlette.requests import Request

_SERVICE = "Microsoft.Storage/storageAccounts/blobServices"
_CONTAINERS = f"{_SERVICE}/containers"
_BLOBS = f"{_CONTAINERS}/blobs"
DELEGATION_KEY = f"{_SERVICE}/generateUserDelegationKey/action"
_VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete"}

# `key` is an account key, or a shared access signature made with one.
CredentialKind = Literal["anonymous", "key", "token", "delegation"]


@dataclass(frozen=True)
class Operation:
    """The required permission: an action, on a container or on the whole account (None).

    Attributes:
        action: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read".
        container: Name of the container.
        on_data: Whether it is a data action.

    """

    action: str
    container: str | None
    on_data: bool = False


_ON_ACCOUNT = {
    "userdelegationkey": Operation(DELEGATION_KEY, None),
    "list": Operation(f"{_CONTAINERS}/read", None),
    "batch": Operation(f"{_BLOBS}/delete", None, on_data=True),
}


@dataclass(frozen=True)
class Asked:
    """A request: its account, action and credential.

    Attributes:
        token: The bearer token; empty if there is none.
        principal: Object id of the creator of a user delegation SAS's key; empty for other credentials.

    """

    account: str
    operation: Operation
    kind: CredentialKind
    token: str = field(default="", repr=False)
    principal: str = ""


def asked(account: str, request: Request) -> Asked:
    """Return the action and the credential of a request to an account."""
    operation = operation_of(request)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Asked(account, operation, "token", token=value)
    if "skoid" in request.query_params:
        return Asked(account, operation, "delegation", principal=request.query_params["skoid"])
    by_key = scheme or "sig" in request.query_params
    return Asked(account, operation, "key" if by_key else "anonymous")


def operation_of(request: Request) -> Operation:
    """Return the action that a request needs.

    https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-blob-service-operations
    """
    container, _, blob = unquote(request.scope["raw_path"].decode("ascii")).strip("/").partition("/")
    component, verb = request.query_params.get("comp", ""), _VERBS.get(request.method, "write")
    if not container:
        return _ON_ACCOUNT.get(component, Operation(f"{_SERVICE}/{verb}", None))
    if request.query_params.get("restype") != "container" and blob:
        return Operation(f"{_BLOBS}/{verb}", container, on_data=True)
    if component == "list":
        return Operation(f"{_BLOBS}/read", container, on_data=True)
    return Operation(f"{_CONTAINERS}/{verb}", container)
