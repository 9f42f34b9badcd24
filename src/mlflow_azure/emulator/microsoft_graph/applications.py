"""Microsoft Graph: app registrations, their secrets, and their deletion.

https://learn.microsoft.com/graph/api/resources/application
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, bad_request
from mlflow_azure.emulator.microsoft_graph.property_types import require_types
from mlflow_azure.emulator.microsoft_graph.service import Ask, Operations, Reply

if TYPE_CHECKING:
    from mlflow_azure.emulator.directory import Directory, Object

operations = Operations()

_KIND = "applications"
_ONE = "/applications/{id}"
_SECRET_LIFE = timedelta(days=730)
_VERIFIED_DOMAIN = "emulator.onmicrosoft.com"
_READ_ONLY = ("id", "appId", "passwordCredentials", "createdDateTime", "publisherDomain", "deletedDateTime")
# Entries that other applications may rely on: each must be disabled before it can be removed.
_ENTITLEMENTS = (("appRoles", None), ("api", "oauth2PermissionScopes"))


@operations.on("GET", "/applications")
def list_applications(ask: Ask) -> Reply:
    """The applications, filtered by `$filter`."""
    return Reply({"value": ask.listed(_KIND)})


@operations.on("POST", "/applications")
def create_application(ask: Ask) -> Reply:
    """Register an application."""
    if not ask.body.get("displayName"):
        raise bad_request("One or more property values specified are invalid: displayName.")
    new = _new_application()
    application = _merged(new, ask.body)
    _check(ask.directory, new, application)
    return Reply(ask.create(_KIND, application), 201)


@operations.on("GET", "/applications(appId='{app}')")
def get_application_by_app_id(ask: Ask) -> Reply:
    """The application with this application id."""
    return Reply(ask.require(_KIND, (ask.directory.find(_KIND, appId=ask["app"]) or {"id": ask["app"]})["id"]))


@operations.on("GET", _ONE)
def get_application(ask: Ask) -> Reply:
    """One application."""
    return Reply(ask.require(_KIND, ask["id"]))


@operations.on("PATCH", _ONE)
def update_application(ask: Ask) -> Reply:
    """Update the given properties of an application."""
    live = ask.require(_KIND, ask["id"])
    updated = _merged(live, ask.body)
    _check(ask.directory, live, updated)
    _keep_entitlements(live, updated)
    ask.directory.put(_KIND, updated)
    principal = ask.directory.find("servicePrincipals", appId=live["appId"])
    if principal:
        mirror(updated, principal)
    return Reply(status=204)


@operations.on("DELETE", _ONE)
def delete_application(ask: Ask) -> Reply:
    """Move an application to the deleted items, and delete its service principal."""
    application = ask.require(_KIND, ask["id"])
    principal = ask.directory.find("servicePrincipals", appId=application["appId"])
    if principal:
        ask.directory.remove("servicePrincipals", principal["id"])
    ask.directory.remove(_KIND, application["id"])
    ask.create("deletedItems", {**application, "deletedDateTime": now()})
    return Reply(status=204)


@operations.on("GET", "/directory/deletedItems/microsoft.graph.application")
def list_deleted_applications(ask: Ask) -> Reply:
    """The deleted applications that can still be restored."""
    return Reply({"value": ask.listed("deletedItems")})


@operations.on("DELETE", "/directory/deletedItems/{id}")
def delete_permanently(ask: Ask) -> Reply:
    """Permanently delete an application."""
    ask.require("deletedItems", ask["id"])
    ask.directory.remove("deletedItems", ask["id"])
    return Reply(status=204)


@operations.on("GET", _ONE + "/owners")
def list_owners(ask: Ask) -> Reply:
    """The owners of an application: none, since a service principal registers it."""
    ask.require(_KIND, ask["id"])
    return Reply({"value": []})


@operations.on("POST", _ONE + "/addPassword")
def add_password(ask: Ask) -> Reply:
    """Create a secret for an application, valid for two years by default."""
    return Reply(new_password(ask, ask.require(_KIND, ask["id"])))


@operations.on("POST", _ONE + "/removePassword")
def remove_password(ask: Ask) -> Reply:
    """Remove a secret from an application."""
    return without_password(ask, ask.require(_KIND, ask["id"]))


def new_password(ask: Ask, holder: Object) -> Object:
    """Create a secret for an application or a service principal, as requested."""
    wanted = ask.body.get("passwordCredential") or {}
    described = {
        "displayName": wanted.get("displayName"),
        "startDateTime": _moment(wanted.get("startDateTime")) or now(),
        "endDateTime": _moment(wanted.get("endDateTime")) or (datetime.now(UTC) + _SECRET_LIFE).isoformat(),
        "customKeyIdentifier": None,
    }
    return ask.directory.add_password(holder, described)


def _moment(given: Any) -> str:
    """Return a request's time, by default in UTC; empty if there is none."""
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise bad_request("Invalid value specified for a date of resource 'PasswordCredential'.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def without_password(ask: Ask, holder: Object) -> Reply:
    """Remove a secret from an application or a service principal.

    Raises:
        GraphError: It has no such secret.

    """
    if not ask.directory.remove_password(holder, str(ask.body.get("keyId"))):
        raise bad_request("No password credential found with keyId.")
    return Reply(status=204)


def mirror(application: Object, principal: Object) -> None:
    """Copy the application's properties to its service principal."""
    principal["displayName"] = principal["appDisplayName"] = application["displayName"]
    principal["servicePrincipalNames"] = [application["appId"], *application["identifierUris"]]
    principal["replyUrls"] = application["web"]["redirectUris"]
    principal["appRoles"] = application["appRoles"]
    principal["oauth2PermissionScopes"] = application["api"]["oauth2PermissionScopes"]


def now() -> str:
    """Return the time in Graph's format."""
    return datetime.now(UTC).isoformat()


def _new_application() -> Object:
    return {
        "id": str(uuid.uuid4()),
        "appId": str(uuid.uuid4()),
        "createdDateTime": now(),
        "identifierUris": [],
        "signInAudience": "AzureADMyOrg",
        "publisherDomain": _VERIFIED_DOMAIN,
        "tags": [],
        "notes": None,
        "api": {
            "requestedAccessTokenVersion": None,
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
            "knownClientApplications": [],
        },
        "appRoles": [],
        "web": {
            "homePageUrl": None,
            "logoutUrl": None,
            "redirectUris": [],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        },
        "spa": {"redirectUris": []},
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "optionalClaims": None,
        "groupMembershipClaims": None,
        "passwordCredentials": [],
        "keyCredentials": [],
    }


def _merged(live: Object, wanted: Object) -> Object:
    """Return a live application updated by a request; omitted fields of complex properties stay."""
    named = {name: value for name, value in wanted.items() if name not in _READ_ONLY}
    require_types(named, {**_new_application(), "displayName": ""}, "Application")
    complex_ones = {
        name: {**live[name], **value}
        for name, value in named.items()
        if isinstance(value, dict) and isinstance(live.get(name), dict)
    }
    return {**live, **named, **complex_ones}


def _check(directory: Directory, live: Object, application: Object) -> None:
    for uri in application["identifierUris"]:
        _check_identifier(directory, application, uri)
    for uri in application["web"]["redirectUris"]:
        if not uri.startswith(("https://", "http://localhost")):
            raise bad_request(f"Invalid value specified for property 'redirectUris' of resource 'Application': {uri}")
    # Clients can only be authorised for existing scopes, not for those in the same request.
    scopes = {scope["id"] for scope in live["api"]["oauth2PermissionScopes"]}
    clients = application["api"]["preAuthorizedApplications"]
    if not scopes.issuperset(scope for client in clients for scope in client["delegatedPermissionIds"]):
        raise GraphError(
            400,
            "InvalidValue",
            "Property PreAuthorizedApplications has permission ids that cannot be found in the AppPermissions sets.",
        )


def _check_identifier(directory: Directory, application: Object, uri: str) -> None:
    """Refuse an identifier URI without the application's or tenant's id, or one that is taken.

    https://learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions
    """
    if not any(own in uri for own in (application["appId"], directory.tenant, _VERIFIED_DOMAIN)):
        raise bad_request(
            f"Failed to add identifier URI {uri}. All newly added URIs must contain a tenant verified domain, tenant "
            "ID, or app ID, as per the default tenant policy of your organization. See "
            "https://aka.ms/identifier-uri-addition-error for more information on this error."
        )
    others = (each for each in directory.all(_KIND) if each["id"] != application["id"])
    if any(uri in each["identifierUris"] for each in others):
        raise bad_request("Another object with the same value for property identifierUris already exists.")


def _keep_entitlements(live: Object, updated: Object) -> None:
    """Refuse to drop or change a role or scope that is enabled."""
    for name, inner in _ENTITLEMENTS:
        before = live[name][inner] if inner else live[name]
        after = updated[name][inner] if inner else updated[name]
        for entry in before:
            same = next((each for each in after if each["id"] == entry["id"]), None)
            if entry.get("isEnabled") and (same is None or same.get("value") != entry.get("value")):
                raise GraphError(
                    400,
                    "CannotDeleteOrUpdateEnabledEntitlement",
                    "Permission (scope or role) cannot be deleted or updated unless disabled first.",
                )
