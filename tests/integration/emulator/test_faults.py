from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.support.emulated import Azure, error_code


def patient(azure: Azure) -> ResourceManagementClient:
    """A client that tries again quickly."""
    return azure.client(ResourceManagementClient, retry_backoff_factor=0.01)


def once(azure: Azure) -> ResourceManagementClient:
    """A client that does not try again."""
    return azure.client(ResourceManagementClient, retry_total=0)


def statuses(azure: Azure) -> list[int]:
    return [each["status"] for each in azure.control("GET", "requests")]


def test_a_request_is_throttled_as_often_as_ordered(azure: Azure) -> None:
    order = {"method": "PUT", "path": "/rg-slow$", "times": 2, "status": 429, "code": "TooManyRequests"}
    azure.control("POST", "faults", order | {"headers": {"retry-after-ms": "1"}})
    azure.control("DELETE", "requests")
    patient(azure).resource_groups.create_or_update("rg-slow", {"location": "westeurope"})
    assert statuses(azure) == [429, 429, 201]


def test_the_first_requests_can_be_spared(azure: Azure) -> None:
    group = azure.group()
    azure.control("POST", "faults", {"method": "GET", "path": group, "after": 1, "status": 418, "code": "Teapot"})
    client = once(azure)
    client.resource_groups.get(group)
    with pytest.raises(HttpResponseError) as refused:
        client.resource_groups.get(group)
    assert error_code(refused.value) == "Teapot"
    client.resource_groups.get(group)


def test_a_connection_cut_before_the_effect_leaves_nothing(azure: Azure) -> None:
    azure.control("POST", "faults", {"method": "PUT", "path": "/rg-cut-before$", "kind": "cut-before"})
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        once(azure).resource_groups.create_or_update("rg-cut-before", {"location": "westeurope"})
    assert not azure.resources.resource_groups.check_existence("rg-cut-before")


def test_a_connection_cut_after_the_effect_leaves_it(azure: Azure) -> None:
    azure.control("POST", "faults", {"method": "PUT", "path": "/rg-cut-after$", "kind": "cut-after"})
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        once(azure).resource_groups.create_or_update("rg-cut-after", {"location": "westeurope"})
    assert azure.resources.resource_groups.check_existence("rg-cut-after")


def test_the_sdk_goes_on_after_a_cut_connection(azure: Azure) -> None:
    azure.control("POST", "faults", {"method": "PUT", "path": "/rg-cut-once$", "kind": "cut-after"})
    azure.control("DELETE", "requests")
    patient(azure).resource_groups.create_or_update("rg-cut-once", {"location": "westeurope"})
    assert statuses(azure) == [0, 200]


def test_a_stale_read_does_not_see_the_last_change(azure: Azure) -> None:
    groups = azure.resources.resource_groups
    groups.create_or_update("rg-stale", {"location": "westeurope", "tags": {"version": "1"}})
    azure.control("POST", "faults", {"method": "GET", "path": "/rg-stale$", "kind": "stale-read", "times": 1})
    with pytest.raises(HttpResponseError) as refused:
        groups.get("rg-stale")
    assert refused.value.status_code == 404
    groups.create_or_update("rg-stale", {"location": "westeurope", "tags": {"version": "2"}})
    azure.control("POST", "faults", {"method": "GET", "path": "/rg-stale$", "kind": "stale-read", "times": 1})
    assert groups.get("rg-stale").tags == {"version": "1"}
    assert groups.get("rg-stale").tags == {"version": "2"}


@pytest.mark.parametrize("kind", ["storage account", "resource group"])
def test_an_operation_can_fail_at_its_end(azure: Azure, kind: str) -> None:
    group = azure.group()
    order = {"kind": "operation-failed", "code": "Boom", "message": "It broke."}
    if kind == "storage account":
        azure.control("POST", "faults", order | {"method": "PUT", "path": "/storageAccounts/"})
        with pytest.raises(HttpResponseError, match="It broke"):
            azure.account(group)
        assert not list(azure.storage.storage_accounts.list_by_resource_group(group))
    else:
        azure.control("POST", "faults", order | {"method": "DELETE", "path": f"/{group}$"})
        with pytest.raises(HttpResponseError, match="It broke"):
            azure.resources.resource_groups.begin_delete(group).result()
        assert azure.resources.resource_groups.get(group).properties.provisioning_state == "Succeeded"


def test_a_write_without_an_operation_answers_with_its_failure(azure: Azure) -> None:
    order = {"kind": "operation-failed", "status": 409, "code": "Boom", "message": "It broke."}
    azure.control("POST", "faults", order | {"method": "PUT", "path": "/serverfarms/"})
    with pytest.raises(HttpResponseError, match="It broke"):
        azure.plan(azure.group())


def test_a_malformed_order_is_refused(azure: Azure) -> None:
    from mlflow_azure.emulator.launcher import EmulatorError

    with pytest.raises(EmulatorError, match="400"):
        azure.control("POST", "faults", {"method": "PUT", "path": "(", "kind": "status"})
    with pytest.raises(EmulatorError, match="400"):
        azure.control("POST", "faults", {"method": "PUT", "path": "/", "kind": "meteorite"})
