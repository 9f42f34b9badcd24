"""The caller's permissions and their scopes.

They are set through the control interface, `PUT permissions`, in one of two ways:

- {"actions": […], "notActions": […]}: one role on the whole subscription, with these actions.
- {"roles": [{"role": "Contributor", "group": "mlflow-rg"}]}: built-in roles by name, each on a resource group, or on
  the subscription where no group is named.

With both, {"denyAssignments": [{"name": …, "actions": […], "notActions": […], "group": …}]} takes away what it names.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import collection_type
from mlflow_azure.emulator.arm.roles import ROLES

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

VERBS = {
    "GET": "read",
    "HEAD": "read",
    "PUT": "write",
    "PATCH": "write",
    "DELETE": "delete",
    "POST": "action",
}
_PROVIDERS = "/subscriptions/{subscription}/providers"
# Anyone with a role on a group can see its subscription: Terraform's provider relies on that and reads it
# (github.com/hashicorp/terraform-provider-azurerm/issues/3483). The lists leave out what the caller may not read
# (github.com/projectkudu/AzureResourceExplorer/issues/254).
_NARROWED = (
    "/subscriptions/{subscription}",
    "/subscriptions/{subscription}/locations",
    "/subscriptions/{subscription}/resourceGroups",
    "/subscriptions/{subscription}/resources",
)


def require_permission(call: Call) -> None:
    """Refuse what none of the caller's roles allows at the scope of a request, or what a deny assignment denies.

    Raises:
        ArmError: It is. The text: github.com/hashicorp/terraform-provider-azurerm/issues/4440.

    """
    if call.params.get("subscription") is None or "operation" in call.params:
        return  # anyone with its URL may read the state of an operation
    action, scope = action_of(call), scope_of(call)
    if not any(allows(rules, action) for rules in granted(call.world, scope)) and not _narrowed(call, action):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{call.principal['appid']}' with object id '{call.principal['oid']}' does not have "
            f"authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access "
            "was recently granted, please refresh your credentials.",
        )
    for denial in denials(call.world, scope):
        if allows(denial, action):
            raise _denied(call, action, scope, denial)


def action_of(call: Call) -> str:
    """Return the action that a role must allow: "Microsoft.Storage/storageAccounts/listKeys/action".

    https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
    """
    namespace, name = call.params.get("namespace"), call.template.rpartition("/")[2]
    if namespace and call.method == "POST":
        return f"{namespace}/{name}/action"
    if namespace or call.template == _PROVIDERS:
        return "Microsoft.Resources/subscriptions/providers/read"
    if "/providers/" not in call.template:
        below = [part for part in call.template.split("/")[3:] if "{" not in part]
        return "/".join(["Microsoft.Resources/subscriptions", *below, VERBS[call.method]])
    if call.method != "POST":
        return f"{collection_type(call.template) if call.is_collection else call.type}/{VERBS[call.method]}"
    return f"{call.type}/{name}/{'read' if name.startswith('check') else 'action'}"


def scope_of(call: Call) -> str:
    """Return the scope at which a role must allow it: the resource, its group or the subscription."""
    if call.template.startswith(_PROVIDERS):
        return f"/subscriptions/{call['subscription']}"
    around, _, asked = call.id.rpartition("/providers/")
    return around if around and "/" not in asked else call.id


def require_known_roles(ordered: dict[str, Any]) -> None:
    """Refuse settings with a role that the emulator does not have.

    Raises:
        ValueError: It does.

    """
    unknown = {each.get("role") for each in ordered.get("roles", [])} - {role.name for role in ROLES.values()}
    if unknown:
        raise ValueError(f"there are no such roles: {', '.join(map(str, unknown))}")


def granted(world: World, scope: str) -> list[dict[str, Any]]:
    """Return the permissions of the caller's roles at or above a scope, as Microsoft.Authorization lists them."""
    ordered = world.permissions()
    if "roles" not in ordered:
        return [{"actions": ordered.get("actions", []), "notActions": ordered.get("notActions", [])}]
    found = []
    for each in ordered["roles"]:
        if _covers(world, each, scope):
            role = next(role for role in ROLES.values() if role.name == each["role"])
            found.append({"actions": [*role.actions], "notActions": [*role.not_actions]})
    return found


def denials(world: World, scope: str) -> list[dict[str, Any]]:
    """Return the deny assignments at or above a scope, as they were set."""
    return [each for each in world.permissions().get("denyAssignments", []) if _covers(world, each, scope)]


def described_denial(world: World, denial: dict[str, Any]) -> Body:
    """Return a deny assignment in the format of Microsoft.Authorization.

    https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope
    """
    scope = _at(world, denial)
    name = str(denial["name"])
    kept = {key: denial.get(key, []) for key in ("actions", "notActions")}
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": name,
            "description": "",
            "permissions": [{**kept, "dataActions": [], "notDataActions": []}],
            "scope": scope,
            "doNotApplyToChildScopes": False,
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
            "excludePrincipals": [],
            "isSystemProtected": True,
        },
    }


def sees(world: World, resource_id: str, action: str) -> bool:
    """Whether a list of what the caller may read contains this resource."""
    return any(allows(rules, action) for rules in granted(world, resource_id))


def allows(rules: dict[str, Any], action: str) -> bool:
    """Whether a role with these `actions` and `notActions` allows `action`."""

    def matches(pattern: str) -> bool:
        return fnmatchcase(action.lower(), pattern.lower())

    return any(map(matches, rules.get("actions", []))) and not any(map(matches, rules.get("notActions", [])))


def _narrowed(call: Call, action: str) -> bool:
    if call.template not in _NARROWED or call.method != "GET" or "roles" not in call.world.permissions():
        return False
    groups = [_at(call.world, each) for each in call.world.permissions()["roles"]]
    return any(sees(call.world, group, action) for group in groups)


def _covers(world: World, assigned: dict[str, Any], scope: str) -> bool:
    return f"{scope}/".lower().startswith(f"{_at(world, assigned)}/".lower())


def _at(world: World, assigned: dict[str, Any]) -> str:
    subscription = f"/subscriptions/{world.identity.subscription_id}"
    return f"{subscription}/resourceGroups/{assigned['group']}" if assigned.get("group") else subscription


def _denied(call: Call, action: str, scope: str, denial: dict[str, Any]) -> ArmError:
    """Code and text: from the documentation of Azure Kubernetes Service, https://aka.ms/aks/nrg_lockdown."""
    described = described_denial(call.world, denial)
    return ArmError(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"The client '{call.principal['appid']}' with object id '{call.principal['oid']}' has permission to perform "
        f"action '{action}' on scope '{scope}'; however, the access is denied because of the deny assignment with name "
        f"'{described['name']}' and Id '{described['name']}' at scope '{described['properties']['scope']}'.",
    )
