"""Checks in advance what the signed-in user may do.

A role's actions and exclusions use `*` as a wildcard; what one role excludes, another may allow:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlflow_azure.azure.clients import Azure

T = TypeVar("T")

ASK_TO_READ = (
    "A role on the resource group is enough to deploy; but problems then only show when Azure refuses something. To "
    "have them checked first, ask for the Reader role on the subscription."
)
ASK_TO_SEE = (
    "A Reader cannot see keys, passwords and app settings. To see them, ask for the Contributor role on the resource "
    "group. To check your rights: mlflow-azure doctor"
)
ASSIGN_ROLES = "Microsoft.Authorization/roleAssignments/write"
_API_VERSION = "2022-04-01"


def may(azure: Azure, group: str, action: str) -> bool:
    """Whether the signed-in user may do `action` in a resource group. Raises like `granted`."""
    return allows(granted(azure, group), action)


def unless_forbidden(azure: Azure, what: str, ask: Callable[[], T], otherwise: T) -> T:
    """Return Azure's response; if the user may not ask, `otherwise`, with a note in `azure.unchecked`.

    Providers, names and regions belong to the subscription: with a role on the resource group only, Azure does not
    reveal them, but lets the user deploy: https://github.com/hashicorp/terraform-provider-azurerm/issues/2678.
    """
    try:
        return ask()
    except AzureRefusedError as refused:
        if refused.code != "AuthorizationFailed":
            raise
        azure.unchecked.append(what)
        return otherwise


def granted(azure: Azure, group: str) -> list[dict[str, Any]]:
    """Return the user's permissions in a resource group, or in the subscription if the group does not exist.

    Conditions on role assignments are ignored, so Azure can still refuse.

    Raises:
        AzureRefusedError, SignInError, MlflowAzureError: Azure cannot be read.

    """
    with doing("asking Azure what you may do"):
        return of_group(azure, group, lambda scope: authorization(azure, scope, "permissions"))


def of_group(azure: Azure, group: str, ask: Callable[[str], T]) -> T:
    """Return Azure's response for a resource group, or for the subscription if the group does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    subscription = f"/subscriptions/{azure.subscription_id}"
    try:
        return ask(f"{subscription}/resourceGroups/{group}")
    except ResourceNotFoundError:
        return ask(subscription)


def role_on(azure: Azure, scope: str) -> str | None:
    """Return which relevant role the user's permissions on a scope amount to; None if none.

    Raises:
        SignInError, MlflowAzureError: Azure cannot be read.

    """
    try:
        with doing("asking Azure what you may do"):
            permissions = authorization(azure, scope, "permissions")
    except AzureRefusedError:  # no role at all there, or it does not exist
        return None
    return next((role for role, needed in _ROLES.items() if all(allows(permissions, each) for each in needed)), None)


_WRITES = ("Microsoft.Web/sites/write", "Microsoft.Storage/storageAccounts/listKeys/action")
_ROLES = {"Owner": (*_WRITES, ASSIGN_ROLES), "Contributor": _WRITES, "Reader": ("Microsoft.Web/sites/read",)}


def allows(permissions: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether any of the permissions listed by Azure allows `action`."""

    def named(patterns: Iterable[str] | None) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())

    return any(named(each.get("actions")) and not named(each.get("notActions")) for each in permissions)


def write_action(resource_id: str) -> str:
    """Return the action for creating or changing a resource: "Microsoft.Web/sites/write"."""
    namespace, *names = resource_id.rpartition("/providers/")[2].split("/")
    if "/providers/" not in resource_id:
        return "Microsoft.Resources/subscriptions/resourceGroups/write"
    return f"{'/'.join([namespace, *names[::2]])}/write"


def authorization(azure: Azure, scope: str, what: str) -> list[dict[str, Any]]:
    """Return Azure's list for a scope: "permissions" or "denyAssignments"."""
    path = f"{scope}/providers/Microsoft.Authorization/{what}"
    listed: list[dict[str, Any]] = azure.rest.send("GET", path, query={"api-version": _API_VERSION})["value"]
    return listed
