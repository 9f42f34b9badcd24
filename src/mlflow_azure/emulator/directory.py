"""The emulated Microsoft Entra tenant: applications, service principals, users, groups, and their relations.

Objects are stored in Microsoft Graph's format in the state; secrets are stored separately.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

# Application id of Microsoft Graph, in every tenant.
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
# Application id of the Azure CLI, which is in every tenant where it was used.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
FEDERATED = "federatedIdentityCredentials"
NO_ROLE = str(uuid.UUID(int=0))

# The properties by which a relation refers to its objects.
_SIDES = ("principalId", "resourceId", "clientId", "applicationId")


class Directory:
    """The objects of one tenant, by kind and id.

    Kinds: applications, servicePrincipals, users, groups, appRoleAssignments, oauth2PermissionGrants, deletedItems,
    federatedIdentityCredentials.
    """

    def __init__(self, saved: dict[str, Any], tenant: str) -> None:
        self._saved = saved
        self.tenant = tenant

    def introduce(self, client_id: str, object_id: str) -> None:
        """Add what every tenant has: Microsoft Graph, the Azure CLI, a user; and the emulator's own principal."""
        if self._saved:
            return
        self.put("servicePrincipals", service_principal(GRAPH_APP, "Microsoft Graph"))
        self.put("servicePrincipals", service_principal(AZURE_CLI, "Microsoft Azure CLI"))
        self.put("servicePrincipals", {**service_principal(client_id, "Emulator"), "id": object_id})
        name = "user@emulator.onmicrosoft.com"
        self.put("users", {"id": str(uuid.uuid4()), "displayName": "Emulated User", "userPrincipalName": name})

    def all(self, kind: str) -> list[Object]:
        """Return all objects of one kind."""
        return list(self._saved.get(kind, {}).values())

    def find(self, kind: str, **properties: Any) -> Object | None:
        """Return the first object of one kind with these property values."""
        return next((each for each in self.all(kind) if properties.items() <= each.items()), None)

    def put(self, kind: str, item: Object) -> Object:
        """Store an object."""
        self._saved.setdefault(kind, {})[item["id"]] = item
        return item

    def remove(self, kind: str, object_id: str) -> Object | None:
        """Remove an object and all of its relations."""
        removed: Object | None = self._saved.get(kind, {}).pop(object_id, None)
        for relation in ("appRoleAssignments", "oauth2PermissionGrants", FEDERATED):
            for each in self.all(relation):
                if object_id in map(each.get, _SIDES):
                    self._saved[relation].pop(each["id"], None)
        return removed

    def principal(self, object_id: str) -> tuple[str, Object] | None:
        """Return the user, group or service principal with this id, and its type in Microsoft Graph's terms."""
        kinds = {"servicePrincipals": "ServicePrincipal", "users": "User", "groups": "Group"}
        found = ((name, self.find(kind, id=object_id)) for kind, name in kinds.items())
        return next(((name, item) for name, item in found if item), None)

    def add_password(self, application: Object, described: Object) -> Object:
        """Create a secret for an application or service principal; return Graph's one-time response with it."""
        secret = secrets.token_urlsafe(30)
        entry = {**described, "keyId": str(uuid.uuid4()), "hint": secret[:3], "secretText": None}
        application.setdefault("passwordCredentials", []).append(entry)  # service principals of older homes have none
        self._saved.setdefault("secrets", {})[entry["keyId"]] = _digest(secret)
        return {**entry, "secretText": secret}

    def remove_password(self, application: Object, key_id: str) -> bool:
        """Remove a secret from an application; return False if it does not have it."""
        before = application.get("passwordCredentials", [])
        kept = [each for each in before if each["keyId"] != key_id]
        found = len(kept) < len(before)
        application["passwordCredentials"] = kept
        self._saved.get("secrets", {}).pop(key_id, None)
        return found

    def password_ok(self, application: Object, secret: str) -> bool:
        """Whether `secret` is a valid secret of the application."""
        now = datetime.now(UTC)
        return any(
            hmac.compare_digest(self._saved["secrets"][each["keyId"]], _digest(secret))
            for each in application.get("passwordCredentials", [])
            if datetime.fromisoformat(each["endDateTime"]) > now
        )

    def federated(self, application_id: str) -> list[Object]:
        """Return the federated credentials of the application with this object id."""
        return [each for each in self.all(FEDERATED) if each["applicationId"] == application_id]

    def roles_of(self, principal: str, resource: Object) -> list[str] | None:
        """Return a principal's application roles in `resource` (a service principal); None if it has none."""
        granted = [
            each["appRoleId"]
            for each in self.all("appRoleAssignments")
            if (each["principalId"], each["resourceId"]) == (principal, resource["id"])
        ]
        if not granted:
            return None
        return [role["value"] for role in resource["appRoles"] if role["id"] in granted and role.get("value")]

    def resource_named(self, identifier: str) -> Object | None:
        """Return the service principal of an API, by application id or identifier URI."""
        named = [each for each in self.all("servicePrincipals") if identifier in each["servicePrincipalNames"]]
        return named[0] if named else None


def service_principal(app_id: str, name: str) -> Object:
    """Return a new service principal for the application with this application id."""
    return {
        "id": str(uuid.uuid4()),
        "appId": app_id,
        "displayName": name,
        "appDisplayName": name,
        "accountEnabled": True,
        "appRoleAssignmentRequired": False,
        "appRoles": [],
        "oauth2PermissionScopes": [],
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "replyUrls": [],
        "tags": [],
        "passwordCredentials": [],
        "keyCredentials": [],
    }


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
