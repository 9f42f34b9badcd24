from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import Azure, error_code


def test_a_new_group_is_created_and_an_existing_one_updated(azure: Azure) -> None:
    created = azure.resources.resource_groups.create_or_update(
        "rg-twice", {"location": "West Europe", "tags": {"a": "b"}}, cls=lambda answer, body, _: (answer, body)
    )
    updated = azure.resources.resource_groups.create_or_update(
        "rg-twice", {"location": "westeurope", "tags": {}}, cls=lambda answer, body, _: (answer, body)
    )
    assert (created[0].http_response.status_code, created[1].location) == (201, "westeurope")
    assert (updated[0].http_response.status_code, updated[1].tags) == (200, {})


def test_the_existence_of_a_group_is_asked_by_head(azure: Azure) -> None:
    group = azure.group()
    assert azure.resources.resource_groups.check_existence(group)
    assert not azure.resources.resource_groups.check_existence("rg-none")


def test_a_group_is_found_whatever_the_case_of_its_name(azure: Azure) -> None:
    group = azure.group()
    assert azure.resources.resource_groups.get(group.upper()).name == group


def test_a_missing_group_is_not_found(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.resources.resource_groups.get("rg-none")
    assert error_code(refused.value) == "ResourceGroupNotFound"


def test_a_group_cannot_move_to_another_region(azure: Azure) -> None:
    group = azure.group()
    with pytest.raises(HttpResponseError) as refused:
        azure.resources.resource_groups.create_or_update(group, {"location": "northeurope"})
    assert (refused.value.status_code, error_code(refused.value)) == (409, "InvalidResourceGroupLocation")


def test_an_unknown_region_is_refused(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.resources.resource_groups.create_or_update("rg-mars", {"location": "mars"})
    assert error_code(refused.value) == "LocationNotAvailableForResourceGroup"


def test_deleting_a_group_deletes_everything_in_it(azure: Azure) -> None:
    group = azure.group()
    account, registry, site = azure.account(group), azure.registry(group), azure.site(group)
    azure.resources.resource_groups.begin_delete(group).result()
    assert not azure.resources.resource_groups.check_existence(group)
    left = {each.id for each in azure.resources.resources.list()}
    assert left.isdisjoint({account.id, registry.id, site.id})


def test_a_group_that_is_being_deleted_takes_nothing_new(azure: Azure) -> None:
    group = azure.group()
    azure.control("PUT", "latency", {"profile": "azure", "scale": 0.01})
    poller = azure.resources.resource_groups.begin_delete(group)
    with pytest.raises(HttpResponseError) as refused:
        azure.account(group)
    assert error_code(refused.value) == "ResourceGroupBeingDeleted"
    assert azure.resources.resource_groups.get(group).properties.provisioning_state == "Deleting"
    poller.result()
    assert not azure.resources.resource_groups.check_existence(group)


def test_resources_are_listed_by_type_and_by_group(azure: Azure) -> None:
    group = azure.group()
    account, registry = azure.account(group), azure.registry(group)
    of_group = {each.id for each in azure.resources.resources.list_by_resource_group(group)}
    accounts = {
        each.id for each in azure.resources.resources.list(filter="resourceType eq 'Microsoft.Storage/storageAccounts'")
    }
    assert of_group == {account.id, registry.id}
    assert account.id in accounts
    assert registry.id not in accounts


def test_groups_are_listed_by_tag(azure: Azure) -> None:
    azure.resources.resource_groups.create_or_update("rg-tag", {"location": "westeurope", "tags": {"owner": "me"}})
    azure.group()
    listed = azure.resources.resource_groups.list(filter="tagName eq 'owner' and tagValue eq 'me'")
    assert [each.name for each in listed] == ["rg-tag"]


def test_tags_are_merged_replaced_and_deleted_apart_from_their_resource(azure: Azure) -> None:
    account = azure.account(azure.group())

    def patch(operation: str, **tags: str) -> dict[str, str]:
        body = {"operation": operation, "properties": {"tags": tags}}
        return dict(azure.resources.tags.begin_update_at_scope(account.id, body).result().properties.tags)

    assert patch("Merge", a="1", b="2") == {"a": "1", "b": "2"}
    assert patch("Merge", b="3") == {"a": "1", "b": "3"}
    assert patch("Delete", a="1") == {"b": "3"}
    assert patch("Replace", c="4") == {"c": "4"}
    listed = azure.resources.resources.list(filter="tagName eq 'c' and tagValue eq '4'")
    assert [each.id for each in listed] == [account.id]
