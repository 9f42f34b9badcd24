"""The fields of an autoscale setting, as Azure answers them, with those that a request may leave out.

Seen in recordings of Azure of 2023, 2024 (azure-cli, command module monitor) and 2026 (azure-service-operator),
api-version 2022-10-01.
"""

from __future__ import annotations

from typing import Any

_EMAIL = {"sendToSubscriptionAdministrator": False, "sendToSubscriptionCoAdministrators": False, "customEmails": []}
_TRIGGER: dict[str, Any] = {"metricNamespace": "", "dimensions": None, "dividePerInstance": False}


def complete(wanted: dict[str, Any]) -> dict[str, Any]:
    """The properties of a request, complete."""
    given = {name: value for name, value in wanted.items() if value is not None}
    notifications = given.get("notifications")
    return {
        "enabled": False,
        **given,
        "profiles": [_profile(each) for each in given["profiles"]],
        "notifications": notifications and [_notification(each) for each in notifications],
        "predictiveAutoscalePolicy": {
            "scaleMode": "Disabled",
            "scaleLookAheadTime": None,
            **given.get("predictiveAutoscalePolicy", {}),
        },
    }


def _profile(wanted: dict[str, Any]) -> dict[str, Any]:
    return {**wanted, "rules": [_rule(each) for each in wanted.get("rules") or ()]}


def _rule(wanted: dict[str, Any]) -> dict[str, Any]:
    return {**wanted, "metricTrigger": {**_TRIGGER, **wanted["metricTrigger"]}}


def _notification(wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "operation": "Scale",
        "email": {**_EMAIL, **(wanted.get("email") or {})},
        "webhooks": wanted.get("webhooks"),
    }
