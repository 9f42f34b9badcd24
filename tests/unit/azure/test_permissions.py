"""What a role's actions and its exceptions allow: https://learn.microsoft.com/azure/role-based-access-control."""

from __future__ import annotations

from typing import Any

import pytest

from mlflow_azure.azure.permissions import ASSIGN_ROLES, allows

# As Azure lists them: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged
OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ],
}
READER = {"actions": ["*/read"], "notActions": []}
RBAC_ADMINISTRATOR = {"actions": ["Microsoft.Authorization/roleAssignments/write", "*/read"], "notActions": None}


@pytest.mark.parametrize(
    ("permissions", "action", "allowed"),
    [
        ([], "Microsoft.Web/sites/write", False),
        ([OWNER], ASSIGN_ROLES, True),
        ([READER], "Microsoft.Web/sites/read", True),
        ([READER], "Microsoft.Web/sites/write", False),
        ([CONTRIBUTOR], "Microsoft.Web/sites/write", True),
        ([CONTRIBUTOR], "microsoft.authorization/roleassignments/READ", True),
        ([CONTRIBUTOR], ASSIGN_ROLES, False),
    ],
)
def test_a_role_allows_its_actions_but_for_its_exceptions(
    permissions: list[dict[str, Any]], action: str, allowed: bool
) -> None:
    assert allows(permissions, action) is allowed


@pytest.mark.parametrize("other", [OWNER, RBAC_ADMINISTRATOR])
def test_what_one_role_excepts_another_may_allow(other: dict[str, Any]) -> None:
    assert allows([CONTRIBUTOR, other], ASSIGN_ROLES)
    assert allows([other, CONTRIBUTOR], ASSIGN_ROLES)
