from __future__ import annotations

import pytest

from mlflow_azure.emulator.arm.access import allows
from mlflow_azure.emulator.arm.call import collection_type, resource_type
from mlflow_azure.emulator.arm.webhook_delivery import in_scope
from mlflow_azure.emulator.faults import Fault
from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError
from mlflow_azure.emulator.microsoft_graph.query import filtered
from mlflow_azure.emulator.runtime import Push
from mlflow_azure.emulator.wire import is_write

SITE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (SITE, "Microsoft.Web/sites"),
        (f"{SITE}/restart", "Microsoft.Web/sites"),
        (f"{SITE}/config/appsettings/list", "Microsoft.Web/sites/config"),
        ("/subscriptions/{subscription}/resourceGroups/{group}", "Microsoft.Resources/resourceGroups"),
        ("/subscriptions/{subscription}/locations", "Microsoft.Resources/subscriptions"),
        (f"{SITE}/providers/Microsoft.Authorization/roleAssignments/{{a}}", "Microsoft.Authorization/roleAssignments"),
    ],
)
def test_the_type_of_a_resource_is_read_off_its_path(template: str, expected: str) -> None:
    assert resource_type(template) == expected


def test_a_collection_has_the_type_of_what_it_lists() -> None:
    assert collection_type(SITE.removesuffix("/{site}")) == "Microsoft.Web/sites"


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ({"actions": ["*"]}, True),
        ({"actions": ["*"], "notActions": ["microsoft.web/*"]}, False),
        ({"actions": ["*/read"]}, False),
        ({"actions": ["Microsoft.Web/sites/*"]}, True),
        ({}, False),
    ],
)
def test_a_role_allows_what_its_actions_match_and_its_not_actions_do_not(
    rules: dict[str, list[str]], allowed: bool
) -> None:
    assert allows(rules, "Microsoft.Web/sites/write") is allowed


@pytest.mark.parametrize(
    ("scope", "sent"),
    [
        ("", True),
        ("mlflowimage", True),
        ("mlflowimage:latest", True),
        ("mlflowimage:*", True),
        ("mlflow*", True),
        ("mlflowimage:v2", False),
        ("mlflow", False),
        ("other:*", False),
    ],
)
def test_a_webhook_is_sent_for_pushes_in_its_scope(scope: str, sent: bool) -> None:
    assert in_scope({"scope": scope}, Push("registry", "mlflowimage", "latest", "sha256:0")) is sent


def test_a_fault_spares_the_first_and_counts_the_rest() -> None:
    fault = Fault("put", "/sites/[^/]+$", times=2, after=1)
    assert [fault.strikes("PUT", "/a/Sites/b") for _ in range(2)] == [False, True]
    assert not fault.strikes("GET", "/a/sites/b")
    assert not fault.strikes("PUT", "/a/sites/b/config/web")
    assert fault.times == 1


@pytest.mark.parametrize(
    ("method", "path", "write"),
    [
        ("PUT", "/any", True),
        ("DELETE", "/any", True),
        ("GET", "/any", False),
        ("POST", "/sites/a/config/appsettings/list", False),
        ("POST", "/storageAccounts/a/listKeys", False),
        ("POST", "/providers/Microsoft.Web/checknameavailability", False),
        ("POST", "/registries/a/scheduleRun", True),
        ("POST", "/sites/a/restart", True),
        ("POST", "/v1.0/applications", True),
    ],
)
def test_a_write_is_what_changes_something(method: str, path: str, write: bool) -> None:
    assert is_write(method, path) is write


def test_directory_objects_are_filtered_by_all_conditions() -> None:
    first = {"displayName": "One", "tags": ["a"]}
    second = {"displayName": "Two", "tags": ["a", "b"]}
    assert filtered([first, second], "") == [first, second]
    assert filtered([first, second], "displayName eq 'two' and tags/any(t:t eq 'a')") == [second]
    with pytest.raises(GraphError, match="filter"):
        filtered([first], "displayName ne 'One'")
