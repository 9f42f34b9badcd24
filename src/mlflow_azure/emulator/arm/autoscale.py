"""Microsoft.Insights: the autoscale settings of App Service plans, which autoscale_engine.py acts on.

https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-understanding-settings
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.autoscale_defaults import complete
from mlflow_azure.emulator.arm.autoscale_engine import COMPARES, SETTING_TYPE, seconds
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.quota import PLAN_TYPE
from mlflow_azure.emulator.arm.web_plans import set_capacity

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/monitor/autoscale-settings")

_SETTINGS = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{SETTING_TYPE}"
_SETTING = _SETTINGS + "/{setting}"
_NAME = re.compile(r"[^<>%&#.,?/\\:]{1,260}(?<! )")  # naming rules of Microsoft.Insights
# https://learn.microsoft.com/azure/app-service/manage-scale-up: of the dedicated tiers, one cannot.
_WITHOUT = ("Free", "Shared", "Basic")
_TOLD_TYPE = "Microsoft.Insights/autoscaleSettings"  # as Azure spells it in answers
_MACHINES = re.compile(r"/providers/Microsoft\.Compute/virtualMachineScaleSets/[^/]+$", re.IGNORECASE)
_MOST_PROFILES, _MOST_RULES = 20, 10
_CHANGES = ("ChangeCount", "PercentChangeCount", "ExactCount")
_METRICS = ("CpuPercentage", "MemoryPercentage", "DiskQueueLength", "HttpQueueLength", "BytesReceived", "BytesSent")


@endpoints.on(
    "PUT",
    _SETTING,
    lacks="scheduled profiles; predictions; virtual machines; metrics other than the simulated CPU",
)
async def put_setting(call: Call) -> Answer:
    """Create or update a setting, whose limits take effect at once. One for virtual machines has no effect."""
    existing = call.world.resources.find(call.id)
    if not _NAME.fullmatch(call["setting"]):
        raise _invalid(f"The autoscale setting name '{call['setting']}' is not valid.")
    wanted = call.body.get("properties") or {}
    plan = _plan(call, str(wanted.get("targetResourceUri") or ""))
    limits = [_limits(profile, 1 if plan else 0) for profile in _profiles(wanted, _METRICS if plan else ())]
    if plan:
        _require_fitting(plan, limits)
    properties = {**complete(wanted), "name": call["setting"]}
    setting = call.world.resources.put({**tracked(call, existing), "type": _TOLD_TYPE, "properties": properties})
    if plan and properties["enabled"]:
        least, most = min(low for low, _ in limits), max(high for _, high in limits)
        await set_capacity(call.world, plan, min(max(plan["sku"]["capacity"], least), most))
    return Answer(setting, 200 if existing else 201)


@endpoints.on("GET", _SETTING)
async def get_setting(call: Call) -> Answer:
    """One autoscale setting."""
    return Answer(call.resource())


@endpoints.on("DELETE", _SETTING)
async def delete_setting(call: Call) -> Answer:
    """Delete a setting; the plan keeps its machines."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("GET", _SETTINGS)
async def list_group_settings(call: Call) -> Answer:
    """The autoscale settings of a group."""
    under = f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}"
    return Answer({"value": call.world.resources.of_type(SETTING_TYPE, under)})


@endpoints.on("GET", f"/subscriptions/{{subscription}}/providers/{SETTING_TYPE}")
async def list_settings(call: Call) -> Answer:
    """The autoscale settings of a subscription."""
    return Answer({"value": call.world.resources.of_type(SETTING_TYPE, f"/subscriptions/{call['subscription']}")})


def _plan(call: Call, target: str) -> Body | None:
    """The plan that is to be scaled; None for virtual machines, of which there are none here. It has one setting."""
    plan = call.world.resources.find(target)
    if plan is None and _MACHINES.search(target):
        return None
    if plan is None or plan["type"].lower() != PLAN_TYPE.lower():
        raise _invalid(f"The target resource '{target}' does not exist, or cannot be scaled here.")
    for other in call.world.resources.of_type(SETTING_TYPE):
        same = other["properties"]["targetResourceUri"].lower() == target.lower()
        if same and other["id"].lower() != call.id.lower():
            raise ArmError(
                409,
                "TargetResourceAlreadyHasAutoscaleSetting",
                f"The target resource '{target}' has the autoscale setting '{other['id']}' already.",
            )
    return plan


def _profiles(wanted: Body, metrics: Collection[str]) -> list[Body]:
    profiles = wanted.get("profiles") or []
    if not 1 <= len(profiles) <= _MOST_PROFILES:
        raise _invalid(f"There have to be 1 to {_MOST_PROFILES} profiles.")
    for profile in profiles:
        rules = profile.get("rules") or []
        if len(rules) > _MOST_RULES:
            raise _invalid(f"A profile has {_MOST_RULES} rules at most.")
        for rule in rules:
            _require_rule(rule, metrics)
    return list(profiles)


def _require_rule(rule: Body, metrics: Collection[str]) -> None:
    trigger, action = rule.get("metricTrigger") or {}, rule.get("scaleAction") or {}
    if metrics and trigger.get("metricName") not in metrics:
        raise _invalid(f"The metric '{trigger.get('metricName')}' is not one of an App Service plan.")
    if action.get("direction") not in ("Increase", "Decrease", "None") or action.get("type") not in _CHANGES:
        raise _invalid("A scale action has to have a direction and a type.")
    if trigger.get("operator") not in COMPARES or not isinstance(trigger.get("threshold"), int | float):
        raise _invalid("A metric trigger has to have an operator and a threshold.")
    for name, part in (("timeWindow", trigger), ("cooldown", action)):
        if seconds(str(part.get(name))) is None:
            raise _invalid(f"The {name} of a rule has to be a duration, such as PT5M.")


def _limits(profile: Body, fewest: int) -> tuple[int, int]:
    """Return a profile's minimum and maximum number of machines."""
    capacity = profile.get("capacity") or {}
    try:
        least, usual, most = (int(capacity[name]) for name in ("minimum", "default", "maximum"))
    except (KeyError, ValueError) as error:
        raise _invalid("A capacity has to have the numbers minimum, maximum and default.") from error
    if not fewest <= least <= usual <= most:
        raise _invalid(f"The capacity {least}, {usual}, {most} is not minimum, default and maximum.")
    return least, most


def _require_fitting(plan: Body, limits: list[tuple[int, int]]) -> None:
    tier, allowed = plan["sku"]["tier"], plan["properties"]["maximumNumberOfWorkers"]
    if tier in _WITHOUT:
        raise _invalid(f"Autoscale is not supported by the pricing tier {tier}.")
    if max(most for _, most in limits) > allowed:
        raise _invalid(f"A plan of the tier {tier} has {allowed} instances at most.")


def _invalid(message: str) -> ArmError:
    return ArmError(400, "BadRequest", message)
