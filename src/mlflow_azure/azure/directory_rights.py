"""Checks in advance whether the signed-in user may register an application in Microsoft Entra ID.

A token for Microsoft Graph lists a program's permissions (`roles`) and a person's directory roles (`wids`):
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference. Without a role, a member may if
the tenant allows it: https://learn.microsoft.com/graph/api/authorizationpolicy-get
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.denials import claims
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError, SignInError

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure

_RIGHTS = frozenset({"Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All"})
"""https://learn.microsoft.com/graph/api/application-post-applications"""
_ROLES = frozenset(
    {
        "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
        "9b895d92-2cd3-44c0-9d02-a6ac2d5ea5c3",  # Application Administrator
        "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
        "cf1c38e5-3621-4004-a7cb-879624dced7c",  # Application Developer
    }
)
"""https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"""


def may_register(azure: Azure) -> bool:
    """Whether the signed-in user may register an application; False if that is unknown.

    Raises:
        MlflowAzureError: Microsoft Graph does not respond.

    """
    try:
        told = told_by(azure.credential.token(f"{azure.cloud.graph}/.default"))
        if told is not None:
            return told
        with doing("asking Microsoft Entra ID whether you may register applications"):
            policy = azure.directory.get("/policies/authorizationPolicy")
    except (AzureRefusedError, SignInError):
        return False
    return bool((policy.get("defaultUserRolePermissions") or {}).get("allowedToCreateApps"))


def told_by(token: str) -> bool | None:
    """Return what a token for Microsoft Graph says; None if the tenant's policy for members decides.

    Also None if it cannot be parsed: Microsoft Graph does not document its tokens' format.
    """
    try:
        told = claims(token)
    except (IndexError, ValueError):
        return None
    if _RIGHTS & set(told.get("roles") or ()) or _ROLES & set(told.get("wids") or ()):
        return True
    return False if told.get("idtyp") == "app" else None
