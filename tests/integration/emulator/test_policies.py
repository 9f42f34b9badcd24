from __future__ import annotations

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import Azure, error_code

STORAGE = "Microsoft.Storage/storageAccounts"


def effects(azure: Azure, resource_type: str, group: str | None = None) -> list[str]:
    """What the policies say that they would do to a new resource of this type, in a new group or in this one."""
    return effects_at(azure, f"/resourceGroups/{group or azure.group()}", resource_type)


def effects_at(azure: Azure, path: str, resource_type: str) -> list[str]:
    scope = f"/subscriptions/{azure.subscription}{path}"
    url = f"{azure.endpoint['resource_manager']}{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    token = azure.credential.get_token(f"{azure.endpoint['resource_manager']}/.default").token
    answer = requests.post(
        url,
        params={"api-version": "2022-03-01"},
        json={"resourceDetails": {"resourceContent": {"type": resource_type}}},
        headers={"Authorization": f"Bearer {token}"},
        verify=azure.endpoint["ca_file"],
        timeout=10,
    ).json()
    return [each["effectDetails"]["policyEffect"] for each in answer["contentEvaluationResult"]["policyEvaluations"]]


def test_without_policies_nothing_is_restricted(azure: Azure) -> None:
    assert effects(azure, STORAGE) == []


def test_a_policy_can_forbid_shared_keys(azure: Azure) -> None:
    azure.control("PUT", "policies", {"allowSharedKeyAccess": False})
    assert effects(azure, STORAGE) == ["Modify"]
    assert effects(azure, "Microsoft.Web/sites") == []
    assert azure.account(azure.group()).allow_shared_key_access is False


def test_a_policy_can_forbid_a_type(azure: Azure) -> None:
    azure.control("PUT", "policies", {"deny": [STORAGE]})
    assert effects(azure, STORAGE) == ["Deny"]
    with pytest.raises(HttpResponseError) as refused:
        azure.account(azure.group())
    assert (refused.value.status_code, error_code(refused.value)) == (403, "RequestDisallowedByPolicy")


def test_a_policy_of_a_group_counts_there_and_is_not_told_of_the_subscription(azure: Azure) -> None:
    strict, other = azure.group(), azure.group()
    azure.control("PUT", "policies", {"deny": [STORAGE], "group": strict})
    assert effects(azure, STORAGE, strict) == ["Deny"]
    assert effects(azure, STORAGE, other) == effects_at(azure, "", STORAGE) == []
    azure.account(other)
    with pytest.raises(HttpResponseError) as refused:
        azure.account(strict)
    assert error_code(refused.value) == "RequestDisallowedByPolicy"
