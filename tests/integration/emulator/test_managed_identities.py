"""Microsoft.ManagedIdentity, and web apps with identities."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient

from tests.support.directory import ask
from tests.support.emulated import Azure, error_code

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def identities(azure: Azure) -> Any:
    return azure.client(ManagedServiceIdentityClient).user_assigned_identities


def made(azure: Azure, group: str) -> Any:
    name = f"id-{uuid.uuid4().hex[:8]}"
    return identities(azure).create_or_update(group, name, {"location": "westeurope", "tags": {"a": "b"}})


def attach(azure: Azure, group: str, site: Any, kind: str, named: dict[str, Any] | None) -> Any:
    identity = {"type": kind} | ({} if named is None else {"userAssignedIdentities": named})
    return azure.web.web_apps.update(group, site.name, {"identity": identity}).identity


def test_an_identity_is_made_changed_listed_and_deleted(azure: Azure) -> None:
    group = azure.group()
    identity = made(azure, group)
    assert (identity.type, identity.location) == ("Microsoft.ManagedIdentity/userAssignedIdentities", "westeurope")
    assert identity.tenant_id == azure.endpoint["tenant_id"]
    again = identities(azure).create_or_update(group, identity.name, {"location": "westeurope"})
    assert (again.principal_id, again.client_id) == (identity.principal_id, identity.client_id)
    assert identities(azure).update(group, identity.name, {"tags": {"c": "d"}}).tags == {"c": "d"}
    assert identity.id in {each.id for each in identities(azure).list_by_subscription()}
    assert [each.id for each in identities(azure).list_by_resource_group(group)] == [identity.id]
    identities(azure).delete(group, identity.name)
    identities(azure).delete(group, identity.name)
    with pytest.raises(ResourceNotFoundError):
        identities(azure).get(group, identity.name)


def test_an_identity_has_a_service_principal_as_long_as_it_exists(azure: Azure) -> None:
    group = azure.group()
    identity = made(azure, group)
    path = f"/servicePrincipals/{identity.principal_id}"
    found = ask(azure, "GET", path).json()
    assert (found["appId"], found["servicePrincipalType"]) == (identity.client_id, "ManagedIdentity")
    assert found["alternativeNames"] == ["isExplicit=True", identity.id]
    azure.resources.resource_groups.begin_delete(group).result()
    assert ask(azure, "GET", path).status_code == 404


def test_the_directory_gets_to_know_a_new_identity_later(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"directory_lag": 1})
    group = azure.group()
    identity = made(azure, group)
    assignments = azure.client(AuthorizationManagementClient).role_assignments
    role = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    wanted = {"properties": {"roleDefinitionId": role, "principalId": identity.principal_id}}
    with pytest.raises(HttpResponseError) as refused:
        assignments.create(identity.id, str(uuid.uuid4()), wanted)
    assert error_code(refused.value) == "PrincipalNotFound"
    assignments.create(identity.id, str(uuid.uuid4()), wanted)


def test_identities_need_their_provider_which_the_sdk_registers_by_itself(azure: Azure) -> None:
    group, providers = azure.group(), azure.resources.providers
    providers.unregister("Microsoft.ManagedIdentity")
    assert providers.get("Microsoft.ManagedIdentity").registration_state == "Unregistered"
    made(azure, group)
    assert providers.get("Microsoft.ManagedIdentity").registration_state == "Registered"
    put, register, again = [each for each in azure.control("GET", "requests") if each["write"]][-3:]
    assert (put["status"], register["method"], again["status"]) == (409, "POST", 201)


def test_federated_credentials_of_an_identity_have_an_issuer_and_a_subject_of_their_own(azure: Azure) -> None:
    group = azure.group()
    identity = made(azure, group)
    credentials = azure.client(ManagedServiceIdentityClient).federated_identity_credentials
    trusted = {"issuer": "https://issuer", "subject": "subject", "audiences": ["api://AzureADTokenExchange"]}
    for number in range(20):
        wanted = {"properties": {**trusted, "subject": f"subject{number}"}}
        credentials.create_or_update(group, identity.name, f"credential{number}", wanted)
    with pytest.raises(HttpResponseError) as one_too_many:
        credentials.create_or_update(group, identity.name, "another", {"properties": trusted})
    assert "Too many" in str(one_too_many.value)
    credentials.delete(group, identity.name, "credential0")
    properties = {**trusted, "subject": "subject1"}
    with pytest.raises(HttpResponseError) as twice:
        credentials.create_or_update(group, identity.name, "another", {"properties": properties})
    assert twice.value.status_code == 409
    assert len(list(credentials.list(group, identity.name))) == 19


def test_a_site_has_the_identities_that_are_attached_to_it(azure: Azure) -> None:
    group = azure.group()
    site, first, second = azure.site(group), made(azure, group), made(azure, group)
    found = attach(azure, group, site, "SystemAssigned, UserAssigned", {first.id: {}})
    assert found.type == "SystemAssigned, UserAssigned"
    assert found.user_assigned_identities[first.id].principal_id == first.principal_id
    assert found.user_assigned_identities[first.id].client_id == first.client_id
    web = azure.web.web_apps
    numbers = web.get_configuration(group, site.name)
    assert None not in (numbers.managed_service_identity_id, numbers.x_managed_service_identity_id)
    system = azure.client(ManagedServiceIdentityClient).system_assigned_identities.get_by_scope(site.id)
    assert system.principal_id == found.principal_id
    assert ask(azure, "GET", f"/servicePrincipals/{found.principal_id}").json()["appId"] == system.client_id
    more = attach(azure, group, site, "UserAssigned", {second.id: {}})
    assert (set(more.user_assigned_identities), more.principal_id) == ({first.id, second.id}, None)
    assert ask(azure, "GET", f"/servicePrincipals/{found.principal_id}").status_code == 404
    # The model of the SDK leaves out a null: what removes an identity is sent as it is.
    assert set(attach(azure, group, site, "UserAssigned", {first.id: None}).user_assigned_identities) == {second.id}
    assert azure.web.web_apps.get(group, site.name).identity.user_assigned_identities.keys() == {second.id}
    assert web.get_configuration(group, site.name).managed_service_identity_id is None
    attach(azure, group, site, "None", None)
    assert azure.web.web_apps.get(group, site.name).identity is None


@pytest.mark.parametrize(
    ("kind", "code"), [("Own", "InvalidRequestContent"), ("UserAssigned", "InvalidRequestContent")]
)
def test_a_site_is_refused_an_identity_of_no_kind_and_none_at_all(azure: Azure, kind: str, code: str) -> None:
    group = azure.group()
    site = azure.site(group)
    with pytest.raises(HttpResponseError) as refused:
        attach(azure, group, site, kind, {})
    assert error_code(refused.value) == code


def test_a_site_is_refused_an_identity_that_does_not_exist_or_that_the_caller_may_not_assign(azure: Azure) -> None:
    group = azure.group()
    site, identity = azure.site(group), made(azure, group)
    with pytest.raises(HttpResponseError) as unknown:
        attach(azure, group, site, "UserAssigned", {f"{identity.id}-other": {}})
    assert error_code(unknown.value) == "FailedIdentityOperation"
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": ["Microsoft.ManagedIdentity/*/action"]})
    with pytest.raises(HttpResponseError) as forbidden:
        attach(azure, group, site, "UserAssigned", {identity.id: {}})
    assert (forbidden.value.status_code, error_code(forbidden.value)) == (403, "LinkedAuthorizationFailed")
