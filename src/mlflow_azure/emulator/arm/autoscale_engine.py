"""Azure Monitor's autoscale engine: changes a plan's number of machines by the rules of its autoscale setting.

https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-understanding-settings

No load is measured: the control interface sets the CPU load of a plan (`cpu`), and until it does
nothing scales. Azure averages over a rule's time window; here a percentage counts once it has been
constant for that long. Windows, cooldowns and check intervals are shortened like all of Azure's durations.
"""

from __future__ import annotations

import asyncio
import logging
import math
import operator
import re
import time
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.web_plans import set_capacity
from mlflow_azure.emulator.runtime import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

SETTING_TYPE = "Microsoft.Insights/autoscalesettings"
_LOG = logging.getLogger(__name__)
_CPU = "CpuPercentage"
_ALL = 100  # percent
_DURATION = re.compile(r"PT(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?")
COMPARES = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
}
# Azure's check interval is not documented; the granularity of its metrics is assumed. There is a minimum here.
_LOOK, _STEP = 60.0, 0.5


class AutoscaleEngine:
    """Checks all autoscale settings periodically."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: dict[str, tuple[float, float]] = {}  # percent and since when, by the plan's id
        self._acted: dict[str, float] = {}  # when, by the plan's id

    async def run(self) -> None:
        """Run until cancelled."""
        looked = -math.inf
        while True:
            await asyncio.sleep(_STEP)  # the scale may change in the meantime
            if time.monotonic() - looked < _LOOK * self._world.latency.scale:
                continue
            looked = time.monotonic()
            for setting in self._world.resources.of_type(SETTING_TYPE):
                try:
                    await self._act_on(setting["properties"])
                except RuntimeFaultError:
                    _LOG.exception("autoscale setting %s", setting["name"])

    async def _act_on(self, properties: Body) -> None:
        plan = self._world.resources.find(properties["targetResourceUri"])
        profile = next((each for each in properties["profiles"] if not _is_scheduled(each)), None)
        if plan is None or profile is None or not properties["enabled"]:
            return
        lasting = self._lasting(plan)
        if lasting is None:
            return
        wanted = machines_wanted(profile, plan["sku"]["capacity"], *lasting, self._rested(plan))
        if wanted is not None:
            self._acted[plan["id"]] = time.monotonic()
            await set_capacity(self._world, plan, wanted)

    def _lasting(self, plan: Body) -> tuple[float, float] | None:
        """Return the CPU load of a plan in percent, and for how many of Azure's seconds it has been constant."""
        percent = self._world.settings.get("cpu", {}).get(plan["name"])
        if percent is None:
            self._busy.pop(plan["id"], None)
            return None
        if self._busy.get(plan["id"], (None,))[0] != percent:
            self._busy[plan["id"]] = (percent, time.monotonic())
        return percent, self._since(self._busy[plan["id"]][1])

    def _rested(self, plan: Body) -> float:
        """Return how many of Azure's seconds ago the number of machines was changed here."""
        return self._since(self._acted[plan["id"]]) if plan["id"] in self._acted else math.inf

    def _since(self, moment: float) -> float:
        scale = self._world.latency.scale
        return (time.monotonic() - moment) / scale if scale else math.inf


def require_percentages(order: Mapping[str, Any]) -> None:
    """Raise ValueError unless the settings are a percentage per plan name."""
    for name, percent in order.items():
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= _ALL:
            raise ValueError(f"{name} must be a number from 0 to {_ALL}")


def seconds(duration: str) -> float | None:
    """Return the seconds of a duration such as PT5M; None for anything else."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    hours, minutes, rest = (int(each or 0) for each in found.groups())
    return hours * 3600.0 + minutes * 60.0 + rest


def _is_scheduled(profile: Body) -> bool:
    return bool(profile.get("fixedDate") or profile.get("recurrence"))


def machines_wanted(profile: Body, now: int, percent: float, lasted: float, rested: float) -> int | None:
    """Return a plan's number of machines by the rules of a profile; None if it does not change.

    It scales out if any rule says so, in if all do; the largest result wins.
    https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-best-practices

    Args:
        profile: The profile, with capacity and rules.
        now: The current number.
        percent: The CPU load.
        lasted: For how many seconds it has been constant.
        rested: Seconds since the last change by a rule.

    """
    least, most = int(profile["capacity"]["minimum"]), int(profile["capacity"]["maximum"])
    up, down = (_rules(profile, direction) for direction in ("Increase", "Decrease"))
    for rules, enough in ((up, any), (down, all)):
        met = [each for each in rules if _is_met(each, percent, lasted)]
        if met and enough(each in met for each in rules):
            rises = rules is up
            wishes = [_changed(each, now) for each in met if _seconds(each["scaleAction"]["cooldown"]) <= rested]
            wanted = min(max(*wishes, least), most) if wishes else now
            flaps = not rises and _wants_more(up, percent * now / wanted)
            return None if wanted == now or flaps else wanted
    return None


def _rules(profile: Body, direction: str) -> list[Body]:
    return [each for each in profile.get("rules") or () if each["scaleAction"]["direction"] == direction]


def _is_met(rule: Body, percent: float, lasted: float) -> bool:
    trigger = rule["metricTrigger"]
    if trigger["metricName"] != _CPU or lasted < _seconds(trigger["timeWindow"]):
        return False
    return bool(COMPARES[trigger["operator"]](percent, trigger["threshold"]))


def _wants_more(up: list[Body], percent: float) -> bool:
    """Whether the remaining machines would be so busy that one would be added again at once.

    https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-flapping
    """
    return any(_is_met(each, percent, math.inf) for each in up)


def _changed(rule: Body, now: int) -> int:
    """Return the number of machines after applying a rule to `now`."""
    action = rule["scaleAction"]
    value = int(action.get("value") or 1)
    if action["type"] == "ExactCount":
        return value
    if action["type"] == "PercentChangeCount":
        value = max(1, round(now * value / 100))
    return now + value if action["direction"] == "Increase" else now - value


def _seconds(duration: str) -> float:
    return seconds(duration) or 0.0
