"""Microsoft Graph: who has which role in an application, and which permissions were consented to."""

from __future__ import annotations

import uuid

from mlflow_azure.emulator.directory import NO_ROLE
from mlflow_azure.emulator.microsoft_graph.applications import now
from mlflow_azure.emulator.microsoft_graph.query import filtered
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply, bad_request

operations = Operations()

_ASSIGNED_TO = "/servicePrincipals/{id}/appRoleAssignedTo"
_ASSIGNMENTS = "/{kind}/{id}/appRoleAssignments"
_GRANTS = "/oauth2PermissionGrants"


@operations.on("POST", _ASSIGNED_TO)
def assign_role(ask: Ask) -> Reply:
    """Give a role in an application (a service principal) to a user, a group or a service principal."""
    resource = ask.require("servicePrincipals", ask["id"])
    principal, role = str(ask.body.get("principalId", "")), str(ask.body.get("appRoleId", ""))
    if not ask.directory.knows(principal):
        raise bad_request(f"Not a valid reference update: the principal {principal} does not exist.")
    if role not in {NO_ROLE, *(each["id"] for each in resource["appRoles"])}:
        raise bad_request("Permission being assigned was not found on application.")
    relation = {"principalId": principal, "resourceId": resource["id"], "appRoleId": role}
    if ask.directory.find("appRoleAssignments", **relation):
        raise bad_request("Permission being assigned already exists on the object.")
    described = {"id": str(uuid.uuid4()), "createdDateTime": now(), "resourceDisplayName": resource["displayName"]}
    return Reply(ask.directory.put("appRoleAssignments", {**described, **relation}), 201)


@operations.on("GET", _ASSIGNED_TO)
def list_assigned_to(ask: Ask) -> Reply:
    """Who has which role in an application."""
    ask.require("servicePrincipals", ask["id"])
    found = [each for each in ask.directory.all("appRoleAssignments") if each["resourceId"] == ask["id"]]
    return Reply({"value": filtered(found, ask.query.get("$filter", ""))})


@operations.on("DELETE", _ASSIGNED_TO + "/{assignment}")
def take_role(ask: Ask) -> Reply:
    """Take a role in an application back."""
    ask.require("appRoleAssignments", ask["assignment"])
    ask.directory.remove("appRoleAssignments", ask["assignment"])
    return Reply(status=204)


@operations.on("GET", _ASSIGNMENTS)
def list_assignments(ask: Ask) -> Reply:
    """Which roles a user, a group or a service principal has."""
    ask.require(ask["kind"], ask["id"])
    found = [each for each in ask.directory.all("appRoleAssignments") if each["principalId"] == ask["id"]]
    return Reply({"value": filtered(found, ask.query.get("$filter", ""))})


@operations.on("GET", _GRANTS)
def list_grants(ask: Ask) -> Reply:
    """The delegated permissions that were consented to."""
    return Reply({"value": filtered(ask.directory.all("oauth2PermissionGrants"), ask.query.get("$filter", ""))})


@operations.on("POST", _GRANTS)
def grant(ask: Ask) -> Reply:
    """Consent to delegated permissions (`scope`) of the application `resourceId` for the application `clientId`."""
    for side in ("clientId", "resourceId"):
        ask.require("servicePrincipals", str(ask.body.get(side)))
    names = ("clientId", "resourceId", "consentType", "principalId", "scope")
    described = {name: ask.body.get(name) for name in names}
    return Reply(ask.directory.put("oauth2PermissionGrants", {"id": uuid.uuid4().hex, **described}), 201)


@operations.on("DELETE", _GRANTS + "/{id}")
def revoke(ask: Ask) -> Reply:
    """Take a consent back."""
    ask.require("oauth2PermissionGrants", ask["id"])
    ask.directory.remove("oauth2PermissionGrants", ask["id"])
    return Reply(status=204)
