"""Microsoft Graph: the caller, the tenant, users and groups."""

from __future__ import annotations

from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, not_found
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply

operations = Operations()


@operations.on("GET", "/me")
def get_me(ask: Ask) -> Reply:
    """The signed-in user. An application is not a user."""
    user = ask.directory.find("users", id=ask.caller["oid"])
    if user is None:
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return Reply(user)


@operations.on("GET", "/organization")
def list_organizations(ask: Ask) -> Reply:
    """The tenant."""
    domain = {"name": "emulator.onmicrosoft.com", "isDefault": True, "isInitial": True, "type": "Managed"}
    return Reply({"value": [{"id": ask.directory.tenant, "displayName": "Emulator", "verifiedDomains": [domain]}]})


@operations.on("GET", "/policies/authorizationPolicy")
def get_authorization_policy(ask: Ask) -> Reply:
    """The permissions of the tenant's members without a role: https://learn.microsoft.com/graph/api/authorizationpolicy-get."""
    allowed = {"allowedToCreateApps": ask.rights == "write", "allowedToReadOtherUsers": True}
    return Reply({"id": "authorizationPolicy", "defaultUserRolePermissions": allowed})


@operations.on("GET", "/users")
def list_users(ask: Ask) -> Reply:
    """The users, filtered by `$filter`."""
    return Reply({"value": ask.listed("users")})


@operations.on("GET", "/users/{id}")
def get_user(ask: Ask) -> Reply:
    """The user with this id or user principal name."""
    found = ask.directory.find("users", id=ask["id"]) or ask.directory.find("users", userPrincipalName=ask["id"])
    if found is None:
        raise not_found(ask["id"])
    return Reply(found)


@operations.on("GET", "/groups")
def list_groups(ask: Ask) -> Reply:
    """The groups, filtered by `$filter`."""
    return Reply({"value": ask.listed("groups")})


@operations.on("GET", "/groups/{id}")
def get_group(ask: Ask) -> Reply:
    """One group."""
    return Reply(ask.require("groups", ask["id"]))


@operations.on("POST", "/directoryObjects/getByIds")
def get_by_ids(ask: Ask) -> Reply:
    """The existing users, groups and service principals with these ids."""
    found = [
        {"@odata.type": f"#microsoft.graph.{kind[:-1]}", **item}
        for kind in ("users", "groups", "servicePrincipals")
        for item in ask.directory.all(kind)
        if item["id"] in ask.body.get("ids", [])
    ]
    return Reply({"value": found})
