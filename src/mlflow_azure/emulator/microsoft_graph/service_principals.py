"""Microsoft Graph: service principals (enterprise applications)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.directory import service_principal
from mlflow_azure.emulator.microsoft_graph.applications import mirror, new_password, without_password
from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, bad_request, not_found
from mlflow_azure.emulator.microsoft_graph.property_types import require_types
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply

if TYPE_CHECKING:
    from mlflow_azure.emulator.directory import Object

operations = Operations()

_KIND = "servicePrincipals"
_SETTABLE = ("accountEnabled", "appRoleAssignmentRequired", "tags", "notes", "displayName")


@operations.on("GET", "/servicePrincipals")
def list_service_principals(ask: Ask) -> Reply:
    """The service principals, filtered by `$filter`."""
    return Reply({"value": ask.listed(_KIND)})


@operations.on("POST", "/servicePrincipals")
def create_service_principal(ask: Ask) -> Reply:
    """Create the service principal of an application, which sign-in needs."""
    app_id = str(ask.body.get("appId", ""))
    application = ask.directory.find("applications", appId=app_id)
    if application is None or ask.lags("applications", application["id"], "as reference"):
        raise bad_request(
            f"The appId '{app_id}' of the service principal does not reference a valid application object."
        )
    if ask.lags("applications", application["id"], "in the local tenant"):
        raise GraphError(
            403,
            "Authorization_RequestDenied",
            "When using this permission, the backing application of the service principal being created must in the "
            "local tenant",
        )
    if ask.directory.find(_KIND, appId=app_id):
        raise GraphError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use.",
        )
    principal = {**service_principal(app_id, application["displayName"]), **_named(ask.body)}
    mirror(application, principal)
    return Reply(ask.create(_KIND, principal), 201)


@operations.on("GET", "/servicePrincipals(appId='{app}')")
def get_service_principal_by_app_id(ask: Ask) -> Reply:
    """The service principal of the application with this application id."""
    found = ask.directory.find(_KIND, appId=ask["app"])
    if found is None or ask.lags(_KIND, found["id"]):
        raise not_found(ask["app"])
    return Reply(found)


@operations.on("GET", "/servicePrincipals/{id}")
def get_service_principal(ask: Ask) -> Reply:
    """One service principal."""
    return Reply(ask.require(_KIND, ask["id"]))


@operations.on("PATCH", "/servicePrincipals/{id}")
def update_service_principal(ask: Ask) -> Reply:
    """Update the given properties of a service principal."""
    ask.require(_KIND, ask["id"]).update(_named(ask.body))
    return Reply(status=204)


@operations.on("DELETE", "/servicePrincipals/{id}")
def delete_service_principal(ask: Ask) -> Reply:
    """Delete a service principal; its application stays."""
    ask.require(_KIND, ask["id"])
    ask.directory.remove(_KIND, ask["id"])
    return Reply(status=204)


@operations.on("GET", "/servicePrincipals/{id}/owners")
def list_owners(ask: Ask) -> Reply:
    """The owners of a service principal: none, since a service principal creates it."""
    ask.require(_KIND, ask["id"])
    return Reply({"value": []})


@operations.on("POST", "/servicePrincipals/{id}/addPassword")
def add_password(ask: Ask) -> Reply:
    """Create a secret for a service principal, in addition to those of its application."""
    return Reply(new_password(ask, ask.require(_KIND, ask["id"])))


@operations.on("POST", "/servicePrincipals/{id}/removePassword")
def remove_password(ask: Ask) -> Reply:
    """Remove a secret from a service principal."""
    return without_password(ask, ask.require(_KIND, ask["id"]))


def _named(wanted: Object) -> Object:
    named = {name: wanted[name] for name in _SETTABLE if name in wanted}
    require_types(named, service_principal("", ""), "ServicePrincipal")
    return named
