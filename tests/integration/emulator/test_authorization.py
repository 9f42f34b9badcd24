from __future__ import annotations

import uuid

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient

from tests.support.emulated import Azure, error_code


def authorization(azure: Azure) -> AuthorizationManagementClient:
    return azure.client(AuthorizationManagementClient)


def acr_pull(azure: Azure, scope: str) -> str:
    definitions = list(authorization(azure).role_definitions.list(scope, filter="roleName eq 'AcrPull'"))
    assert [each.role_name for each in definitions] == ["AcrPull"]
    return str(definitions[0].id)


def assign(azure: Azure, scope: str, principal: str, **more: str) -> str:
    name = str(uuid.uuid4())
    wanted = {"roleDefinitionId": acr_pull(azure, scope), "principalId": principal}
    authorization(azure).role_assignments.create(scope, name, {"properties": wanted | more})
    return name


def identity_of_a_site(azure: Azure, group: str) -> str:
    site = azure.site(group)
    updated = azure.web.web_apps.update(group, site.name, {"identity": {"type": "SystemAssigned"}})
    return str(updated.identity.principal_id)


def test_a_role_is_given_to_the_identity_of_a_site_and_taken_back(azure: Azure) -> None:
    group = azure.group()
    registry, principal = azure.registry(group), identity_of_a_site(azure, group)
    name = assign(azure, registry.id, principal)
    assignments = authorization(azure).role_assignments
    found = list(assignments.list_for_scope(registry.id, filter=f"principalId eq '{principal}'"))
    assert [(each.name, each.scope) for each in found] == [(name, registry.id)]
    assert [each.name for each in assignments.list_for_scope(registry.id, filter="atScope()")] == [name]
    assignments.delete(registry.id, name)
    assert not list(assignments.list_for_scope(registry.id))


def test_the_same_role_is_not_given_twice(azure: Azure) -> None:
    group = azure.group()
    registry, principal = azure.registry(group), identity_of_a_site(azure, group)
    assign(azure, registry.id, principal)
    with pytest.raises(HttpResponseError) as refused:
        assign(azure, registry.id, principal)
    assert (refused.value.status_code, error_code(refused.value)) == (409, "RoleAssignmentExists")


def test_a_description_can_be_changed_and_a_role_is_found_in_any_spelling(azure: Azure) -> None:
    registry, principal = azure.registry(azure.group()), str(uuid.uuid4())
    clients = authorization(azure)
    (role,) = clients.role_definitions.list(registry.id, filter="roleName eq 'acrpull'")
    wanted = {"roleDefinitionId": role.id, "principalId": principal, "principalType": "User"}
    where = (registry.id, str(uuid.uuid4()))
    for description in ("for a while", "for ever"):
        clients.role_assignments.create(*where, {"properties": {**wanted, "description": description}})
    assert clients.role_assignments.get(*where).description == "for ever"


def test_an_unknown_principal_is_refused_unless_its_kind_is_named(azure: Azure) -> None:
    registry, stranger = azure.registry(azure.group()), str(uuid.uuid4())
    with pytest.raises(HttpResponseError) as refused:
        assign(azure, registry.id, stranger)
    assert error_code(refused.value) == "PrincipalNotFound"
    assign(azure, registry.id, stranger, principalType="ServicePrincipal")


def test_assignments_go_with_their_scope(azure: Azure) -> None:
    group = azure.group()
    registry, principal = azure.registry(group), identity_of_a_site(azure, group)
    assign(azure, registry.id, principal)
    azure.registries.registries.begin_delete(group, registry.name).result()
    found = authorization(azure).role_assignments.list_for_subscription()
    assert principal not in {each.principal_id for each in found}


def test_the_caller_can_ask_what_it_may_do(azure: Azure) -> None:
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]})
    group = azure.group()
    permissions = list(authorization(azure).permissions.list_for_resource_group(group))
    assert (permissions[0].actions, permissions[0].not_actions) == (["*"], ["Microsoft.Authorization/*/Write"])
    registry = azure.registry(group)
    with pytest.raises(HttpResponseError) as refused:
        assign(azure, registry.id, identity_of_a_site(azure, group))
    assert error_code(refused.value) == "AuthorizationFailed"
