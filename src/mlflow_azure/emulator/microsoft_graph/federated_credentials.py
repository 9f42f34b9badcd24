"""Microsoft Graph: the federated credentials of applications.

https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from mlflow_azure.emulator.directory import FEDERATED
from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, bad_request
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply

if TYPE_CHECKING:
    from mlflow_azure.emulator.directory import Object

operations = Operations()

_ALL = "/applications/{id}/federatedIdentityCredentials"
_ONE = _ALL + "/{credential}"
_NAME = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z_-]{2,119}")
_MOST = 20


@operations.on("GET", _ALL)
def list_credentials(ask: Ask) -> Reply:
    """The federated credentials of an application."""
    return Reply({"value": [_described(each) for each in _of(ask)]})


@operations.on("POST", _ALL)
def create_credential(ask: Ask) -> Reply:
    """Create a federated credential: trust an issuer's tokens for a subject."""
    ask.require("applications", ask["id"])
    names = ("name", "issuer", "subject", "audiences", "description")
    credential = {"id": str(uuid.uuid4()), **{name: ask.body.get(name) for name in names}}
    _check(credential, _of(ask))
    ask.create(FEDERATED, {**credential, "applicationId": ask["id"]})
    return Reply(credential, 201)


@operations.on("GET", _ONE)
def get_credential(ask: Ask) -> Reply:
    """One federated credential."""
    return Reply(_described(ask.require(FEDERATED, ask["credential"])))


@operations.on("PATCH", _ONE)
def update_credential(ask: Ask) -> Reply:
    """Update the given properties of a federated credential, except its name."""
    live = ask.require(FEDERATED, ask["credential"])
    named = {
        name: value for name, value in ask.body.items() if name in ("issuer", "subject", "audiences", "description")
    }
    _check({**live, **named}, [each for each in _of(ask) if each["id"] != live["id"]])
    live.update(named)
    return Reply(status=204)


@operations.on("DELETE", _ONE)
def delete_credential(ask: Ask) -> Reply:
    """Delete a federated credential."""
    ask.require(FEDERATED, ask["credential"])
    ask.directory.remove(FEDERATED, ask["credential"])
    return Reply(status=204)


def _of(ask: Ask) -> list[Object]:
    application = ask.require("applications", ask["id"])
    return ask.directory.federated(application["id"])


def _described(credential: Object) -> Object:
    return {name: value for name, value in credential.items() if name != "applicationId"}


def _check(wanted: Object, others: list[Object]) -> None:
    """Refuse a credential that is incomplete, beyond the limit, or a duplicate.

    The rules: https://learn.microsoft.com/graph/api/application-post-federatedidentitycredentials and
    https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations.
    """
    if not _NAME.fullmatch(str(wanted["name"])):
        raise bad_request("Invalid value specified for property 'name' of resource 'FederatedIdentityCredential'.")
    for name in ("issuer", "subject"):
        if not wanted[name] or not isinstance(wanted[name], str):
            raise bad_request(f"A value is required for property '{name}' of resource 'FederatedIdentityCredential'.")
    if not isinstance(wanted["audiences"], list) or len(wanted["audiences"]) != 1:
        raise bad_request("Property 'audiences' of resource 'FederatedIdentityCredential' has to have one value.")
    if len(others) >= _MOST:
        raise bad_request(f"The application has {_MOST} federated identity credentials, which is the limit.")
    if any(each["name"] == wanted["name"] for each in others):
        raise _double(f"FederatedIdentityCredential with name {wanted['name']} already exists.")
    if any((each["issuer"], each["subject"]) == (wanted["issuer"], wanted["subject"]) for each in others):
        raise _double("FederatedIdentityCredential with this issuer and subject already exists.")


def _double(message: str) -> GraphError:
    return GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
