"""How many machines the rules of an autoscale setting ask for."""

from __future__ import annotations

from typing import Any

import pytest

from mlflow_azure.emulator.arm.autoscale_engine import machines_wanted, seconds

LONG = 3600.0
UP = ("GreaterThan", 70, "Increase", "PT5M")
DOWN = ("LessThan", 30, "Decrease", "PT10M")


def rule(comparison: str, percent: int, direction: str, window: str, **action: str) -> dict[str, Any]:
    trigger = {"metricName": "CpuPercentage", "operator": comparison, "threshold": percent, "timeWindow": window}
    usual = {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
    return {"metricTrigger": trigger, "scaleAction": usual | action}


def profile(*rules: dict[str, Any]) -> dict[str, Any]:
    """From one to four machines."""
    capacity = {"minimum": "1", "maximum": "4", "default": "1"}
    return {"capacity": capacity, "rules": list(rules or (rule(*UP), rule(*DOWN)))}


@pytest.mark.parametrize(
    ("now", "percent", "lasted", "rested", "wanted"),
    [
        (2, 71, 300, LONG, 3),
        (2, 71, 299, LONG, None),
        (2, 71, LONG, 299, None),
        (2, 70, LONG, LONG, None),
        (4, 99, LONG, LONG, None),
        (2, 10, 600, LONG, 1),
        (2, 10, 599, LONG, None),
        (1, 10, LONG, LONG, None),
        (2, 29, LONG, LONG, 1),
    ],
)
def test_a_rule_waits_for_its_window_and_its_cooldown_and_keeps_the_limits(
    now: int, percent: float, lasted: float, rested: float, wanted: int | None
) -> None:
    assert machines_wanted(profile(), now, percent, lasted, rested) == wanted


def test_no_machine_goes_where_the_rest_would_at_once_need_one_more() -> None:
    close = profile(rule(*UP), rule("LessThan", 60, "Decrease", "PT5M"))
    assert machines_wanted(close, 2, 50, LONG, LONG) is None
    assert machines_wanted(close, 2, 34, LONG, LONG) == 1


def test_any_rule_adds_machines_and_only_all_together_take_some_away() -> None:
    memory = rule(*DOWN)
    memory["metricTrigger"]["metricName"] = "MemoryPercentage"
    assert machines_wanted(profile(rule(*UP), rule(*DOWN), memory), 3, 10, LONG, LONG) is None
    assert machines_wanted(profile(rule(*UP), rule(*UP, value="2")), 1, 90, LONG, LONG) == 3
    assert machines_wanted(profile(rule(*DOWN), rule(*DOWN, value="2")), 4, 10, LONG, LONG) == 3


@pytest.mark.parametrize(("kind", "value", "wanted"), [("ExactCount", "4", 4), ("PercentChangeCount", "50", 3)])
def test_a_rule_may_name_a_number_or_a_percentage(kind: str, value: str, wanted: int) -> None:
    assert machines_wanted(profile(rule(*UP, type=kind, value=value)), 2, 90, LONG, LONG) == wanted


@pytest.mark.parametrize(
    ("duration", "expected"), [("PT5M", 300), ("PT1H30M", 5400), ("PT45S", 45), ("PT", None), ("5", None)]
)
def test_a_duration_is_hours_minutes_and_seconds(duration: str, expected: float | None) -> None:
    assert seconds(duration) == expected
