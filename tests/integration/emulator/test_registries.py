from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import Azure, error_code


def test_a_new_registry_is_creating_until_its_operation_succeeded(azure: Azure) -> None:
    group = azure.group()
    azure.control("DELETE", "requests")
    registry = azure.registry(group)
    asked = [(each["method"], each["status"]) for each in azure.control("GET", "requests")]
    assert asked == [("PUT", 201), ("GET", 200), ("GET", 200)]
    assert registry.provisioning_state == "Succeeded"
    assert registry.login_server.startswith("localhost:")


def test_the_admin_user_has_two_passwords(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    credentials = azure.registries.registries.list_credentials(group, registry.name)
    assert credentials.username == registry.name
    assert [each.name for each in credentials.passwords] == ["password", "password2"]


def test_without_the_admin_user_there_are_no_credentials(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    azure.registries.registries.begin_update(group, registry.name, {"properties": {"adminUserEnabled": False}}).result()
    with pytest.raises(HttpResponseError) as refused:
        azure.registries.registries.list_credentials(group, registry.name)
    assert error_code(refused.value) == "UnAuthorizedForCredentialOperations"


def test_a_taken_name_is_told_before_and_refused_after(azure: Azure) -> None:
    azure.control("PUT", "names", {"registry": ["TakenByOthers"]})
    answer = azure.registries.registries.check_name_availability(
        {"name": "takenbyothers", "type": "Microsoft.ContainerRegistry/registries"}
    )
    assert (answer.name_available, answer.message) == (False, "The registry takenbyothers is already in use.")
    with pytest.raises(HttpResponseError) as refused:
        azure.registry(azure.group(), "takenbyothers")
    assert (refused.value.status_code, error_code(refused.value)) == (409, "AlreadyInUse")


def test_an_operation_that_fails_is_reported_by_the_poller(azure: Azure) -> None:
    azure.control(
        "POST",
        "faults",
        {"method": "PUT", "path": "/registries/", "kind": "operation-failed", "code": "Boom", "message": "It broke."},
    )
    with pytest.raises(HttpResponseError, match="It broke"):
        azure.registry(azure.group())


def test_a_registry_is_copied_to_regions_beside_its_own(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group).name
    replications = azure.registries.replications
    made = replications.begin_create(group, registry, "uksouth", {"location": "uksouth"}).result()
    assert (made.provisioning_state, made.status.display_status) == ("Succeeded", "Ready")
    assert {each.name for each in replications.list(group, registry)} == {"westeurope", "uksouth"}
    off = {"properties": {"regionEndpointEnabled": False}}
    changed = replications.begin_update(group, registry, "uksouth", off).result()
    assert (changed.region_endpoint_enabled, changed.zone_redundancy) == (False, "Disabled")
    replications.begin_delete(group, registry, "uksouth").result()
    assert [each.name for each in replications.list(group, registry)] == ["westeurope"]
