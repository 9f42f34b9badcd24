"""The autoscale setting by which Azure Monitor changes a plan's number of machines with the load.

https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-understanding-settings
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Removable
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.resources import arm
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.settings.naming import canonical_location

if TYPE_CHECKING:
    from azure.mgmt.monitor.models import AutoscaleSettingResource

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.provider import Provider
    from mlflow_azure.resources.web.app_service_plan import AppServicePlan

PROFILE = "by CPU"
"""The name of our profile; others in the same setting are the user's own, such as one for nights."""
_UP, _DOWN = 70, 30
"""Percent of CPU, far enough apart that removing a machine does not push the others above the upper limit:
https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-flapping"""


class Limits(NamedTuple):
    """The minimum and maximum number of machines."""

    minimum: int
    maximum: int


class Autoscale(TaggedResource, Removable):
    """The autoscale setting of a plan, which can have only one.

    Args:
        provider: Microsoft.Insights.
        limits: The minimum and maximum number of machines; None leaves them unchanged.
        wanted: Whether it should exist.

    """

    kind = "autoscale setting"
    type = "Microsoft.Insights/autoscalesettings"

    def __init__(
        self, plan: AppServicePlan, *, provider: Provider, limits: Limits | None = None, wanted: bool = True
    ) -> None:
        super().__init__(
            plan.azure,
            f"{plan.name}-autoscale",
            group=plan.group,
            provider=provider,
            location=plan.location,
            after=(plan,),
        )
        self.plan = plan
        self.limits = limits
        self.wanted = wanted

    def read(self, given: Given) -> Properties | None:
        """Return the plan's live setting, whatever its name."""
        return find(self.azure, self.group.name, self.plan.id)

    def desired(self, given: Given) -> Properties:
        """Region, tags, limits and rules; nothing if they are left unchanged."""
        if self.limits is None:
            return {}
        least, most = map(str, self.limits)
        profile = {"capacity": {"minimum": least, "maximum": most, "default": least}, "rules": _rules()}
        return {
            "location": self.location,
            "tags": self.tags,
            "properties": {"enabled": True, "targetResourceUri": self.plan.id, "profile": profile},
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self._put(f"creating {self}", self.name, desired)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change our profile; others stay."""
        wanted = {**live, **desired, "tags": merged_tags(live, desired)}
        return self._put(f"updating {self}", live["name"], wanted)

    def _put(self, what: str, name: str, wanted: Properties) -> Properties:
        properties = dict(wanted["properties"])
        profiles = [*wanted.get("otherProfiles", ()), _profile(self.plan.id, properties.pop("profile"))]
        properties |= {"name": name, "profiles": profiles}
        body: Any = {"location": wanted["location"], "tags": dict(wanted["tags"]), "properties": properties}
        with doing(what):
            return _body(self.azure.monitor.autoscale_settings.create_or_update(self.group.name, name, body))

    def delete(self, live: Properties) -> None:
        """Delete it; the current number of machines stays."""
        with doing(f"deleting {self}"):
            self.azure.monitor.autoscale_settings.delete(self.group.name, live["name"])

    def is_ours(self, live: Properties) -> bool:
        """Whether it has our tag; if it is left unchanged, it may be the owner's."""
        return (self.wanted and self.limits is None) or super().is_ours(live)

    def state(self, live: Properties) -> str:
        limits = limits_of(live)
        return f"{limits.minimum} to {limits.maximum} instances, by CPU" if limits else "Disabled"


def find(azure: Azure, group: str, plan_id: str) -> Properties | None:
    """Return the autoscale setting of a plan; None if it has none, or the subscription has never used any."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        with doing(f"reading the autoscale settings of resource group {group}"):
            try:
                found = [_body(each) for each in azure.monitor.autoscale_settings.list_by_resource_group(group)]
            except ResourceNotFoundError:
                return None
    except AzureRefusedError as refused:
        if refused.code == "MissingSubscriptionRegistration":
            return None
        raise
    return next((each for each in found if arm.same_id(each["properties"]["targetResourceUri"], plan_id)), None)


def limits_of(live: Properties | None) -> Limits | None:
    """Return the minimum and maximum of all profiles of a live setting; None if it is disabled."""
    if live is None or not live["properties"].get("enabled"):
        return None
    ours = live["properties"].get("profile")
    capacities = [each["capacity"] for each in (*([ours] if ours else ()), *live["otherProfiles"])]
    if not capacities:
        return None
    return Limits(min(int(each["minimum"]) for each in capacities), max(int(each["maximum"]) for each in capacities))


def _rules() -> list[dict[str, Any]]:
    """Return the rules as `read` returns them: how the number changes above or below a percentage of CPU."""
    return [{"above": _UP, "change": "Increase"}, {"below": _DOWN, "change": "Decrease"}]


def _profile(plan_id: str, wanted: Properties) -> dict[str, Any]:
    rules = [_rule(plan_id, each) for each in wanted["rules"]]
    return {"name": PROFILE, "capacity": wanted["capacity"], "rules": rules}


def _rule(plan_id: str, wanted: Properties) -> dict[str, Any]:
    """Return the rules: add a machine after five busy minutes, remove one after ten idle ones."""
    rises = "above" in wanted
    return {
        "metricTrigger": {
            "metricName": "CpuPercentage",
            "metricResourceUri": plan_id,
            "timeGrain": "PT1M",
            "statistic": "Average",
            "timeWindow": "PT5M" if rises else "PT10M",
            "timeAggregation": "Average",
            "operator": "GreaterThan" if rises else "LessThan",
            "threshold": wanted["above" if rises else "below"],
        },
        "scaleAction": {"direction": wanted["change"], "type": "ChangeCount", "value": "1", "cooldown": "PT5M"},
    }


def _told(rule: Properties) -> dict[str, Any]:
    """Return a live rule in the form of `_rules`; unchanged if someone modified it."""
    trigger, action = rule["metricTrigger"], rule["scaleAction"]
    words = {"GreaterThan": "above", "LessThan": "below"}
    usual = trigger.get("metricName") == "CpuPercentage" and trigger.get("operator") in words
    if not usual:
        return dict(rule)
    return {words[trigger["operator"]]: int(trigger["threshold"]), "change": action["direction"]}


def _body(setting: AutoscaleSettingResource) -> Properties:
    found = setting.serialize(keep_readonly=True)
    properties = dict(found["properties"])
    profiles = properties.pop("profiles", [])
    ours = next((each for each in profiles if each["name"] == PROFILE), None)
    if ours:
        rules = [_told(each) for each in ours.get("rules") or ()]
        properties["profile"] = {"capacity": ours["capacity"], "rules": rules}
    return {
        "name": found["name"],
        "location": canonical_location(found["location"]),
        "tags": found.get("tags") or {},
        "properties": properties,
        "otherProfiles": [each for each in profiles if each is not ours],
    }
