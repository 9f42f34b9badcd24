"""What Azure does at times, where a test orders it: see `quirks.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from mlflow_azure.emulator.launcher import EmulatorError

if TYPE_CHECKING:
    from emulated import Azure


def set_app_settings(azure: Azure, group: str, site: str) -> None:
    azure.web.web_apps.update_application_settings(group, site, {"properties": {"A": "1"}})


def test_a_site_is_busy_right_after_its_creation(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"site_busy": 2})
    group = azure.group()
    site = azure.site(group)
    for _ in range(2):
        with pytest.raises(HttpResponseError, match="another operation is in progress") as refused:
            set_app_settings(azure, group, site.name)
        assert refused.value.status_code == 409
    set_app_settings(azure, group, site.name)


def test_a_site_that_is_there_for_long_is_not_busy(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    azure.control("PUT", "quirks", {"site_busy": True})
    set_app_settings(azure, group, site.name)


def test_a_plan_cannot_be_deleted_right_after_its_site(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"plan_in_use": 1})
    group = azure.group()
    plan = azure.plan(group)
    site = azure.site(group, plan)
    azure.web.web_apps.delete(group, site.name, delete_empty_server_farm=False)
    with pytest.raises(HttpResponseError, match=rf"has web app\(s\) {site.name} assigned to it") as refused:
        azure.web.app_service_plans.delete(group, plan.name)
    assert refused.value.status_code == 409
    azure.web.app_service_plans.delete(group, plan.name)


@pytest.mark.parametrize("order", [{"site_busy": -1}, {"site_busy": "2"}, {"consent": 1}, {"unknown": 1}])
def test_an_order_that_the_emulator_does_not_understand_is_refused(azure: Azure, order: dict[str, object]) -> None:
    with pytest.raises(EmulatorError):
        azure.control("PUT", "quirks", order)
