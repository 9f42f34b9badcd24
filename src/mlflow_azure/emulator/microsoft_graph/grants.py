"""Microsoft Graph: application role assignments and permission grants."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mlflow_azure.emulator.directory import NO_ROLE
from mlflow_azure.emulator.microsoft_graph.applications import now
from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, bad_request
from mlflow_azure.emulator.microsoft_graph.query import filtered
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply

if TYPE_CHECKING:
    from mlflow_azure.emulator.directory import Directory, Object

operations = Operations()

_ASSIGNED_TO = "/servicePrincipals/{id}/appRoleAssignedTo"
_ASSIGNMENTS = "/{kind}/{id}/appRoleAssignments"
_GRANTS = "/oauth2PermissionGrants"


@operations.on("POST", _ASSIGNED_TO)
def assign_role(ask: Ask) -> Reply:
    """Assign a role in an application (a service principal) to a user, group or service principal."""
    resource = ask.require("servicePrincipals", ask["id"])
    principal, role = str(ask.body.get("principalId", "")), str(ask.body.get("appRoleId", ""))
    found = ask.directory.principal(principal)
    if found is None or ask.lags("servicePrincipals", principal, "as reference"):
        raise bad_request(f"Not a valid reference update: the principal {principal} does not exist.")
    lags = ask.lags("servicePrincipals", resource["id"], "with its roles")
    if lags or role not in {NO_ROLE, *(each["id"] for each in resource["appRoles"])}:
        raise bad_request("Permission being assigned was not found on application.")
    relation = {"principalId": principal, "resourceId": resource["id"], "appRoleId": role}
    if ask.directory.find("appRoleAssignments", **relation):
        raise bad_request("Permission being assigned already exists on the object.")
    kind, item = found
    described = {
        "id": str(uuid.uuid4()),
        "createdDateTime": now(),
        "resourceDisplayName": resource["displayName"],
        "principalDisplayName": item["displayName"],
        "principalType": kind,
    }
    return Reply(ask.create("appRoleAssignments", {**described, **relation}), 201)


@operations.on("GET", _ASSIGNED_TO)
def list_assigned_to(ask: Ask) -> Reply:
    """The role assignments of an application."""
    ask.require("servicePrincipals", ask["id"])
    found = [each for each in ask.listed("appRoleAssignments") if each["resourceId"] == ask["id"]]
    return Reply({"value": found})


@operations.on("DELETE", _ASSIGNED_TO + "/{assignment}")
def take_role(ask: Ask) -> Reply:
    """Remove a role assignment of an application."""
    ask.require("appRoleAssignments", ask["assignment"])
    ask.directory.remove("appRoleAssignments", ask["assignment"])
    return Reply(status=204)


@operations.on("GET", _ASSIGNMENTS)
def list_assignments(ask: Ask) -> Reply:
    """The roles of a user, a group or a service principal."""
    ask.require(ask["kind"], ask["id"])
    found = [each for each in ask.directory.all("appRoleAssignments") if each["principalId"] == ask["id"]]
    return Reply({"value": filtered(found, ask.query.get("$filter", ""))})


@operations.on("GET", _GRANTS)
def list_grants(ask: Ask) -> Reply:
    """The granted delegated permissions."""
    return Reply({"value": ask.listed("oauth2PermissionGrants")})


@operations.on("POST", _GRANTS)
def grant(ask: Ask) -> Reply:
    """Consent to delegated permissions (`scope`) of the application `resourceId` for the application `clientId`."""
    for side in ("clientId", "resourceId"):
        ask.require("servicePrincipals", str(ask.body.get(side)))
    names = ("clientId", "resourceId", "consentType", "principalId", "scope")
    described = {name: ask.body.get(name) for name in names}
    _check(ask.directory, described)
    return Reply(ask.directory.put("oauth2PermissionGrants", {"id": uuid.uuid4().hex, **described}), 201)


@operations.on("PATCH", _GRANTS + "/{id}")
def update_grant(ask: Ask) -> Reply:
    """Consent to other scopes."""
    ask.require("oauth2PermissionGrants", ask["id"])["scope"] = ask.body.get("scope")
    return Reply(status=204)


@operations.on("DELETE", _GRANTS + "/{id}")
def revoke(ask: Ask) -> Reply:
    """Revoke a consent."""
    ask.require("oauth2PermissionGrants", ask["id"])
    ask.directory.remove("oauth2PermissionGrants", ask["id"])
    return Reply(status=204)


def _check(directory: Directory, wanted: Object) -> None:
    """Refuse a consent that is incomplete or exists: more scopes must be added to the existing one.

    https://learn.microsoft.com/graph/api/oauth2permissiongrant-post; the words of the second refusal:
    github.com/hashicorp/terraform-provider-azuread/issues/690.
    """
    if wanted["consentType"] not in ("AllPrincipals", "Principal"):
        raise bad_request("Invalid value specified for property 'consentType' of resource 'OAuth2PermissionGrant'.")
    if (wanted["consentType"] == "Principal") != bool(wanted["principalId"]):
        raise bad_request("Invalid value specified for property 'principalId' of resource 'OAuth2PermissionGrant'.")
    same = {name: wanted[name] for name in ("clientId", "resourceId", "consentType", "principalId")}
    if directory.find("oauth2PermissionGrants", **same):
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
