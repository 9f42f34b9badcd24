"""Access to applications on behalf of users: assignment, pre-authorisation and consent.

https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.directory import AZURE_CLI, GRAPH_APP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.emulator.directory import Directory, Object

# The Microsoft Graph permissions that every sign-in requests.
SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
# Microsoft's own clients, which exist in every tenant without an application in it.
FIRST_PARTY = {AZURE_CLI: "Microsoft Azure CLI"}


class SignInError(Exception):
    """Microsoft Entra ID refuses: OAuth's error and Entra's description of it.

    Codes and texts: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    """

    def __init__(self, status: int, error: str, description: str, suberror: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.suberror = suberror

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        body = {"error": self.error, "error_description": self.description}
        return body | ({"suberror": self.suberror} if self.suberror else {})


def require_assignment(directory: Directory, user: Object, resource: Object) -> None:
    """Refuse a user who is not assigned to an application (a service principal) that requires it.

    Raises:
        SignInError: It is.

    """
    if resource["appRoleAssignmentRequired"] and directory.roles_of(user["id"], resource) is None:
        raise SignInError(
            400,
            "interaction_required",
            "AADSTS50105: Your administrator has configured the application "
            f"{resource['displayName']} ('{resource['appId']}') to block users unless they are specifically granted "
            f"('assigned') access to the application. The signed in user '{user.get('userPrincipalName', user['id'])}' "
            "is blocked because they are not a direct member of a group with access, nor had access directly assigned "
            "by an administrator. Please contact your administrator to assign access to this application.",
        )


def granted_scopes(directory: Directory, client: str, resource: Object, user: str) -> set[str]:
    """Return a client's delegated permissions on an API for a user: granted and pre-authorised ones.

    Args:
        directory: The tenant.
        client: Application id of the client.
        resource: The API's service principal.
        user: Object id.

    """
    principal = directory.find("servicePrincipals", appId=client)
    found: set[str] = set()
    for grant in directory.all("oauth2PermissionGrants"):
        of_client = principal and (grant["clientId"], grant["resourceId"]) == (principal["id"], resource["id"])
        if of_client and (grant["consentType"] == "AllPrincipals" or grant["principalId"] == user):
            found.update(str(grant["scope"]).split())
    application = directory.find("applications", appId=resource["appId"])
    if application:
        found |= _pre_authorised(application["api"], client)
    return found


def may_consent(client: Object) -> bool:
    """Whether users can consent to sign-in to an application (a service principal) themselves.

    They cannot if assignment is required, nor in tenants that leave consent to administrators:
    https://learn.microsoft.com/entra/identity/enterprise-apps/assign-user-or-group-access-portal
    """
    return not client["appRoleAssignmentRequired"]


def consent(directory: Directory, client: Object, user: str, scopes: Iterable[str]) -> None:
    """Record that a user consented to sign-in to an application."""
    graph = directory.find("servicePrincipals", appId=GRAPH_APP)
    if graph is None:
        return
    described = {"clientId": client["id"], "resourceId": graph["id"], "consentType": "Principal", "principalId": user}
    directory.put("oauth2PermissionGrants", {"id": uuid.uuid4().hex, **described, "scope": " ".join(sorted(scopes))})


def consented(directory: Directory, client: Object, user: str, scopes: Iterable[str]) -> bool:
    """Whether a user, or an administrator for all, has consented to sign-in to an application."""
    graph = directory.find("servicePrincipals", appId=GRAPH_APP)
    return graph is not None and granted_scopes(directory, client["appId"], graph, user).issuperset(scopes)


def not_consented(client: str, name: str) -> SignInError:
    """Return the error if nobody has consented, and nobody can be asked."""
    return SignInError(
        400,
        "invalid_grant",
        "AADSTS65001: The user or administrator has not consented to use the application with ID "
        f"'{client}' named '{name}'. Send an interactive authorization request for this user and resource.",
        "consent_required",
    )


def only_an_administrator(name: str) -> SignInError:
    """Return the error if the user may not consent. https://joonasw.net/view/the-grant-requires-admin-permission."""
    return SignInError(
        400,
        "access_denied",
        f"AADSTS90094: The grant requires admin permission. {name} needs permission to access resources in your "
        "organization that only an admin can grant. Please ask an admin to grant permission to this app before you "
        "can use it.",
    )


def _pre_authorised(api: dict[str, Any], client: str) -> set[str]:
    ids = {
        scope
        for each in api["preAuthorizedApplications"]
        if each["appId"] == client
        for scope in each["delegatedPermissionIds"]
    }
    return {str(scope["value"]) for scope in api["oauth2PermissionScopes"] if scope["id"] in ids}
