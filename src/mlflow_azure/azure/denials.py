"""Deny assignments, which override roles: created by managed applications and deployment stacks.

https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.permissions import allows, authorization, of_group
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow_azure.azure.clients import Azure

EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Denial:
    """A deny assignment, and which of the given actions it denies."""

    name: str
    actions: tuple[str, ...]


def denials(azure: Azure, group: str, actions: Iterable[str]) -> tuple[Denial, ...]:
    """Return what certainly denies any of these actions in a resource group, or in the subscription if it is missing.

    Those for a group are skipped, since membership is unknown. Empty if the user may not read them.

    Raises:
        SignInError, MlflowAzureError: Azure cannot be read.

    """
    wanted = tuple(actions)
    me = str(claims(azure.credential.token(azure.cloud.scope)).get("oid"))
    found = (
        Denial(str(each.get("denyAssignmentName")), tuple(action for action in wanted if allows(taken, action)))
        for each in _listed(azure, group)
        if _applies(each, me) and (taken := each.get("permissions") or [])
    )
    return tuple(denial for denial in found if denial.actions)


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a token, which is for Azure to verify."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def _listed(azure: Azure, group: str) -> list[dict[str, Any]]:
    try:
        with doing("reading deny assignments"):
            listed = of_group(azure, group, lambda scope: authorization(azure, scope, "denyAssignments"))
    except AzureRefusedError:
        return []
    return [each["properties"] for each in listed]


def _applies(assignment: Mapping[str, Any], me: str) -> bool:
    named = {str(each.get("id")) for each in assignment.get("principals") or ()}
    excluded = assignment.get("excludePrincipals") or ()
    may_be_excluded = any(str(each.get("id")) == me or each.get("type") == "Group" for each in excluded)
    return bool(named & {EVERYONE, me}) and not may_be_excluded and not assignment.get("doNotApplyToChildScopes")
