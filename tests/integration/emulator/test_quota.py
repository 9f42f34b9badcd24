"""What App Service refuses a new plan for, in the words of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import response_of

if TYPE_CHECKING:
    from tests.support.emulated import Azure

NO_INSTANCES = {"instances": {"PremiumV3": 0}}


def test_a_region_without_quota_for_a_tier_says_so_with_401(azure: Azure) -> None:
    azure.control("PUT", "quota", NO_INSTANCES)
    group = azure.group()
    with pytest.raises(HttpResponseError) as refused:
        azure.plan(group, "P1v3")
    body = response_of(refused.value).json()
    assert (refused.value.status_code, body["Code"]) == (401, "Unauthorized")
    assert body["Message"].startswith("This region has quota of 0 PremiumV3 instances for your subscription.")
    assert body["Details"][2]["ErrorEntity"]["ExtendedCode"] == "52039"
    azure.plan(group, "S1")


def test_a_plan_beyond_the_quota_has_a_code_of_its_own_where_it_is_validated(azure: Azure) -> None:
    azure.control("PUT", "quota", NO_INSTANCES)
    group = azure.group()

    def validated(sku: str) -> tuple[str, str | None]:
        request = {"name": "plan", "type": "ServerFarm", "location": "westeurope", "properties": {"skuName": sku}}
        answer = azure.web.validate(group, request)
        return answer.status, answer.error and answer.error.code

    assert validated("P1v3") == ("Failure", "SubscriptionIsOverQuotaForSku")
    assert validated("S1") == ("Success", None)


def test_a_region_without_machines_says_so_with_409_until_it_has_some(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"no_capacity": 1})
    group = azure.group()
    with pytest.raises(HttpResponseError, match="No available instances to satisfy this request") as refused:
        azure.plan(group)
    assert refused.value.status_code == 409
    azure.plan(group)


def test_the_quota_of_app_service_is_counted_in_cores(azure: Azure) -> None:
    azure.control("PUT", "quota", {"cores": 10})
    group = azure.group()
    before = azure.web.get_usages_in_location.list("westeurope")
    used = next(iter(before)).current_value
    azure.plan(group, "P2v3")
    usage = next(iter(azure.web.get_usages_in_location.list("westeurope")))
    assert (usage.name.value, usage.unit, usage.limit) == ("Cores usage in West Europe", "Core Count", 10)
    assert usage.current_value == used + 4


def test_a_plan_beyond_the_quota_of_cores_is_refused_and_so_is_its_growth(azure: Azure) -> None:
    used = next(iter(azure.web.get_usages_in_location.list("westeurope"))).current_value
    azure.control("PUT", "quota", {"cores": used + 3})
    group = azure.group()
    with pytest.raises(HttpResponseError, match=r"Amount required for this deployment \(Total VMs\): 4") as refused:
        azure.plan(group, "P2v3")
    assert (refused.value.status_code, response_of(refused.value).json()["Code"]) == (401, "Unauthorized")
    plan = azure.plan(group, "P1v3")
    plans = azure.web.app_service_plans
    wanted = {"location": "westeurope", "kind": "linux", "properties": {"reserved": True}}
    with pytest.raises(HttpResponseError, match=rf"Current Limit \(Total VMs\): {used + 3}"):
        plans.begin_create_or_update(group, plan.name, {**wanted, "sku": {"name": "P1v3", "capacity": 2}}).result()
    assert plans.get(group, plan.name).sku.capacity == 1
    smaller = plans.begin_create_or_update(group, plan.name, {**wanted, "sku": {"name": "P0v3"}}).result()
    assert smaller.sku.name == "P0v3"
