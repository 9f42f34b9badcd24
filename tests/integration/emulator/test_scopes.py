"""A caller whose roles are not on the whole subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from mlflow_azure.emulator.launcher import EmulatorError
from tests.support.emulated import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.emulated import Azure

AT_SUBSCRIPTION: dict[str, tuple[Callable[[Azure], object], str]] = {
    "provider state": (
        lambda azure: azure.resources.providers.get("Microsoft.Web"),
        "Microsoft.Resources/subscriptions/providers/read",
    ),
    "registering": (
        lambda azure: azure.resources.providers.register("Microsoft.Web"),
        "Microsoft.Web/register/action",
    ),
    "site names": (
        lambda azure: azure.web.check_name_availability({"name": "any", "type": "Site"}),
        "Microsoft.Web/checknameavailability/read",
    ),
    "account names": (
        lambda azure: azure.storage.storage_accounts.check_name_availability(
            {"name": "any", "type": "Microsoft.Storage/storageAccounts"}
        ),
        "Microsoft.Storage/checkNameAvailability/read",
    ),
    "registry names": (
        lambda azure: azure.registries.registries.check_name_availability(
            {"name": "anyname", "type": "Microsoft.ContainerRegistry/registries"}
        ),
        "Microsoft.ContainerRegistry/checkNameAvailability/read",
    ),
    "regions": (lambda azure: list(azure.web.list_geo_regions()), "Microsoft.Web/geoRegions/read"),
    "usages": (
        lambda azure: list(azure.web.get_usages_in_location.list("westeurope")),
        "Microsoft.Web/locations/usages/read",
    ),
    "skus": (lambda azure: list(azure.storage.skus.list()), "Microsoft.Storage/skus/read"),
}


def only_in(azure: Azure, group: str, role: str = "Contributor") -> None:
    azure.control("PUT", "permissions", {"roles": [{"role": role, "group": group}]})


@pytest.mark.parametrize("asked", AT_SUBSCRIPTION)
def test_a_role_on_a_group_allows_nothing_at_the_subscription(azure: Azure, asked: str) -> None:
    request, action = AT_SUBSCRIPTION[asked]
    only_in(azure, azure.group())
    with pytest.raises(HttpResponseError) as refused:
        request(azure)
    assert (refused.value.status_code, error_code(refused.value)) == (403, "AuthorizationFailed")
    scope = f"/subscriptions/{azure.subscription}"
    assert f"perform action '{action}' over scope '{scope}' or the scope is invalid" in str(refused.value)


def test_a_contributor_of_a_group_makes_and_deletes_everything_in_it(azure: Azure) -> None:
    group = azure.group()
    only_in(azure, group)
    azure.account(group)
    azure.registry(group)
    azure.site(group)
    azure.resources.resource_groups.begin_delete(group).result()


def test_a_reader_of_a_group_reads_and_lists_no_secrets(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    only_in(azure, group, "Reader")
    assert azure.storage.storage_accounts.get_properties(group, account.name).id == account.id
    with pytest.raises(HttpResponseError, match="listKeys/action"):
        azure.storage.storage_accounts.list_keys(group, account.name)


def test_a_role_on_a_group_shows_the_subscription_and_that_group_only(azure: Azure) -> None:
    group, other = azure.group(), azure.group()
    account = azure.account(group)
    azure.account(other)
    only_in(azure, group, "Reader")
    subscriptions = SubscriptionClient(azure.credential, **azure.options()).subscriptions
    assert subscriptions.get(azure.subscription).subscription_id == azure.subscription
    assert [each.name for each in azure.resources.resource_groups.list()] == [group]
    assert [each.id for each in azure.resources.resources.list()] == [account.id]
    with pytest.raises(HttpResponseError, match="resourceGroups/read"):
        azure.resources.resource_groups.get(other)
    assert list(subscriptions.list())
    azure.control("PUT", "permissions", {"roles": []})
    assert not list(subscriptions.list())


def test_permissions_are_those_of_the_roles_at_the_scope_that_is_asked_about(azure: Azure) -> None:
    group, other = azure.group(), azure.group()
    roles = [{"role": "Reader"}, {"role": "Contributor", "group": group}]
    azure.control("PUT", "permissions", {"roles": roles})
    permissions = azure.client(AuthorizationManagementClient).permissions
    assert [each.actions for each in permissions.list_for_resource_group(group)] == [["*/read"], ["*"]]
    assert [each.actions for each in permissions.list_for_resource_group(other)] == [["*/read"]]


def test_a_deny_assignment_takes_away_what_a_role_allows(azure: Azure) -> None:
    group = azure.group()
    denial = {"name": "locked", "actions": ["*/write"], "notActions": [], "group": group}
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "denyAssignments": [denial]})
    with pytest.raises(HttpResponseError, match="deny assignment with name 'locked'") as refused:
        azure.account(group)
    assert (refused.value.status_code, error_code(refused.value)) == (403, "DenyAssignmentAuthorizationFailed")
    scope = f"/subscriptions/{azure.subscription}/resourceGroups/{group}"
    found = list(azure.client(AuthorizationManagementClient).deny_assignments.list_for_scope(scope))
    assert [(each.deny_assignment_name, each.permissions[0].actions) for each in found] == [("locked", ["*/write"])]
    azure.account(azure.group())


def test_a_role_that_does_not_exist_cannot_be_ordered(azure: Azure) -> None:
    with pytest.raises(EmulatorError):
        only_in(azure, "any", "Emperor")
