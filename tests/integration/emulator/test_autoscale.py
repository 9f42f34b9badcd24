"""Autoscale settings of App Service plans: what Azure Monitor takes, and what their limits do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.monitor import MonitorManagementClient

from tests.support.recordings import send

if TYPE_CHECKING:
    from tests.support.emulated import Azure


@pytest.fixture
def monitor(azure: Azure) -> Any:
    azure.resources.providers.register("Microsoft.Insights")
    return azure.client(MonitorManagementClient).autoscale_settings


def setting(plan: Any, least: int, most: int, usual: int | None = None, **more: Any) -> dict[str, Any]:
    """What is sent for a plan that has from `least` to `most` machines."""
    capacity = {"minimum": str(least), "maximum": str(most), "default": str(usual or least)}
    profiles = [{"name": "by CPU", "capacity": capacity, "rules": []}]
    properties = {"enabled": True, "targetResourceUri": plan.id, "profiles": profiles, **more}
    return {"location": "westeurope", "properties": properties}


def test_a_plan_is_brought_within_the_limits_and_keeps_its_machines_when_they_go(azure: Azure, monitor: Any) -> None:
    group = azure.group()
    plan = azure.plan(group, "P0v3")
    made = monitor.create_or_update(group, "scaling", setting(plan, 2, 4))
    assert made.target_resource_uri == plan.id
    assert azure.web.app_service_plans.get(group, plan.name).sku.capacity == 2
    assert [each.name for each in monitor.list_by_resource_group(group)] == ["scaling"]

    monitor.create_or_update(group, "scaling", setting(plan, 1, 4))
    assert azure.web.app_service_plans.get(group, plan.name).sku.capacity == 2
    monitor.delete(group, "scaling")
    assert list(monitor.list_by_resource_group(group)) == []
    assert azure.web.app_service_plans.get(group, plan.name).sku.capacity == 2


@pytest.mark.parametrize(
    ("sku", "limits", "words"),
    [
        ("B1", (1, 2), "pricing tier Basic"),
        ("S1", (1, 11), "10 instances at most"),
        ("S1", (0, 2), "not minimum, default and maximum"),
        ("S1", (3, 2), "not minimum, default and maximum"),
        ("S1", (1, 2, 3), "not minimum, default and maximum"),
    ],
)
def test_limits_that_a_plan_cannot_have_are_refused(
    azure: Azure, monitor: Any, sku: str, limits: tuple[int, ...], words: str
) -> None:
    group = azure.group()
    plan = azure.plan(group, sku)
    with pytest.raises(HttpResponseError, match=words):
        monitor.create_or_update(group, "scaling", setting(plan, *limits))


def test_a_setting_for_virtual_machines_is_kept_and_answered_complete(azure: Azure, monitor: Any) -> None:
    group = azure.group()
    under = f"/subscriptions/{azure.subscription}/resourceGroups/{group}"
    machines = f"{under}/providers/Microsoft.Compute/virtualMachineScaleSets/machines"
    trigger = {"metricName": "Percentage CPU", "operator": "GreaterThan", "threshold": 75, "timeWindow": "PT5M"}
    action = {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT1M"}
    capacity = {"minimum": "0", "maximum": "3", "default": "1"}
    profile = {"name": "own", "capacity": capacity, "rules": [{"metricTrigger": trigger, "scaleAction": action}]}
    wanted = {"targetResourceUri": machines, "profiles": [profile]}
    path = f"{under}/providers/Microsoft.Insights/autoscalesettings/scaling?api-version=2022-10-01"
    made = send(azure, "PUT", path, {"location": "westeurope", "properties": wanted})
    assert made.status_code == 201
    properties = made.json()["properties"]
    assert (properties["enabled"], properties["notifications"]) == (False, None)
    assert properties["predictiveAutoscalePolicy"] == {"scaleMode": "Disabled", "scaleLookAheadTime": None}
    told = properties["profiles"][0]["rules"][0]["metricTrigger"]
    assert told == {**trigger, "metricNamespace": "", "dimensions": None, "dividePerInstance": False}
    assert monitor.get(group, "scaling").type == "Microsoft.Insights/autoscaleSettings"


def test_a_plan_has_one_setting_at_most(azure: Azure, monitor: Any) -> None:
    group = azure.group()
    plan = azure.plan(group)
    monitor.create_or_update(group, "one", setting(plan, 1, 2))
    with pytest.raises(HttpResponseError, match="already"):
        monitor.create_or_update(group, "another", setting(plan, 1, 2))
