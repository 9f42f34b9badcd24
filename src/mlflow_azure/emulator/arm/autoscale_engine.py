"""Azure Monitor's autoscale engine: it changes how many machines a plan has by the rules of its autoscale setting.

https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-understanding-settings

No load is measured here: the control interface says how busy the machines of a plan are (`cpu`), and until it does
there is nothing to go by. Azure takes the average over a rule's time window; here a percentage counts once it has been
the same for that long. Windows, cooldowns and the time between two looks are shortened as all durations of Azure are.
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
# How often Azure looks is not documented; assumed is the grain of its metrics. Here there is a step between at least.
_LOOK, _STEP = 60.0, 0.5


class AutoscaleEngine:
    """Looks at all autoscale settings, again and again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: dict[str, tuple[float, float]] = {}  # percent, and since when, by the plan's id
        self._acted: dict[str, float] = {}  # when, by the plan's id

    async def run(self) -> None:
        """Go on until cancelled."""
        looked = -math.inf
        while True:
            await asyncio.sleep(_STEP)  # the scale may change meanwhile
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
        """How busy the machines of a plan are, in percent, and for how many of Azure's seconds they have been."""
        percent = self._world.settings.get("cpu", {}).get(plan["name"])
        if percent is None:
            self._busy.pop(plan["id"], None)
            return None
        if self._busy.get(plan["id"], (None,))[0] != percent:
            self._busy[plan["id"]] = (percent, time.monotonic())
        return percent, self._since(self._busy[plan["id"]][1])

    def _rested(self, plan: Body) -> float:
        """How many of Azure's seconds it is since the number of machines was changed here."""
        return self._since(self._acted[plan["id"]]) if plan["id"] in self._acted else math.inf

    def _since(self, moment: float) -> float:
        scale = self._world.latency.scale
        return (time.monotonic() - moment) / scale if scale else math.inf


def require_percentages(order: Mapping[str, Any]) -> None:
    """Raise ValueError where an order does not give plans, by name, a percentage each."""
    for name, percent in order.items():
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= _ALL:
            raise ValueError(f"{name} must be a number from 0 to {_ALL}")


def seconds(duration: str) -> float | None:
    """The seconds of a duration of hours, minutes and seconds, such as PT5M; None for anything else."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    hours, minutes, rest = (int(each or 0) for each in found.groups())
    return hours * 3600.0 + minutes * 60.0 + rest


def _is_scheduled(profile: Body) -> bool:
    return bool(profile.get("fixedDate") or profile.get("recurrence"))


def machines_wanted(profile: Body, now: int, percent: float, lasted: float, rested: float) -> int | None:
    """How many machines a plan is to have by the rules of a profile; None where it keeps those that it has.

    As many more as any rule says, as many fewer as all do; of several wishes the greatest.
    https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-best-practices

    Args:
        profile: With capacity and rules.
        now: How many it has.
        percent: How busy each is.
        lasted: For how many seconds it has been so.
        rested: Seconds since their number was changed by a rule.

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
    """Whether the machines that are left would be so busy that another were wanted at once.

    https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-flapping
    """
    return any(_is_met(each, percent, math.inf) for each in up)


def _changed(rule: Body, now: int) -> int:
    """The number of machines that a rule makes of `now`."""
    action = rule["scaleAction"]
    value = int(action.get("value") or 1)
    if action["type"] == "ExactCount":
        return value
    if action["type"] == "PercentChangeCount":
        value = max(1, round(now * value / 100))
    return now + value if action["direction"] == "Increase" else now - value


def _seconds(duration: str) -> float:
    return seconds(duration) or 0.0
