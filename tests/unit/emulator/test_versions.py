"""Which fields an answer has depends on the version that is asked for."""

from __future__ import annotations

import pytest

from mlflow_azure.emulator.arm.versions import of_version

ZONE = {"type": "Microsoft.Network/privateDnsZones", "properties": {"internalId": "a", "numberOfRecordSets": 1}}
RULES = {"defaultAction": "Allow", "virtualNetworkRules": [], "ipRules": []}
REGISTRY = {
    "type": "Microsoft.ContainerRegistry/registries",
    "properties": {"metadataSearch": "Disabled", "networkRuleSet": RULES},
}


@pytest.mark.parametrize(("version", "known"), [("2018-09-01", False), ("2024-06-01", True), ("2025-01-01", True)])
def test_a_field_is_answered_from_its_version_on(version: str, *, known: bool) -> None:
    assert ("internalId" in of_version(ZONE, version)["properties"]) == known


@pytest.mark.parametrize(
    ("version", "fields", "rules"),
    [
        ("2021-08-01-preview", {"networkRuleSet"}, {"defaultAction", "virtualNetworkRules", "ipRules"}),
        ("2023-07-01", {"networkRuleSet"}, {"defaultAction", "ipRules"}),
        ("2023-11-01-preview", {"networkRuleSet", "metadataSearch"}, {"defaultAction", "ipRules"}),
    ],
)
def test_a_preview_has_what_came_with_it(version: str, fields: set[str], rules: set[str]) -> None:
    properties = of_version(REGISTRY, version)["properties"]
    assert (set(properties), set(properties["networkRuleSet"])) == (fields, rules)


def test_each_resource_of_a_list_is_answered_in_its_version_and_none_is_changed() -> None:
    listed = of_version({"value": [ZONE, {"type": "other"}], "nextLink": None}, "2018-09-01")
    assert listed["value"] == [{**ZONE, "properties": {"numberOfRecordSets": 1}}, {"type": "other"}]
    assert ZONE["properties"] == {"internalId": "a", "numberOfRecordSets": 1}


@pytest.mark.parametrize("body", [None, "text", [1], {"type": "Microsoft.Network/privateDnsZones", "properties": None}])
def test_what_is_no_resource_with_fields_stays_as_it_is(body: object) -> None:
    assert of_version(body, "2018-09-01") == body
