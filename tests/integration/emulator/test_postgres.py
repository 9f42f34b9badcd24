"""Microsoft.DBforPostgreSQL, as the SDK meets it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.support.databases import Database, object_id, postgres, refused, server_name, token, wanted

if TYPE_CHECKING:
    from tests.support.emulated import Azure

# A live server of Azure had these, in a recording of 2026 (see `postgres_defaults.py`), and the tenant of Entra.
FIELDS = {
    *("dataEncryption", "replica", "storage", "network", "privateEndpointConnections", "authConfig", "version"),
    *("fullyQualifiedDomainName", "minorVersion", "state", "availabilityZone", "backup", "highAvailability"),
    *("maintenanceWindow", "replicationRole", "replicaCapacity"),
}


def asked(azure: Azure) -> list[tuple[str, str, int]]:
    """Method, last named part of the path, and status of each request."""
    requests = azure.control("GET", "requests")
    return [(each["method"], each["path"].split("/")[-2], each["status"]) for each in requests]


def test_a_new_server_is_answered_with_202_and_has_all_fields_when_its_operation_is_done(azure: Azure) -> None:
    group = azure.group()
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    azure.control("DELETE", "requests")
    server = Database.created(azure, group)
    assert asked(azure) == [
        ("PUT", "flexibleServers", 202),
        ("GET", "azureAsyncOperation", 200),
        ("GET", "azureAsyncOperation", 200),
        ("GET", "flexibleServers", 200),
    ]
    live = server.servers.get(group, server.name)
    assert set(live.as_dict()["properties"]) == FIELDS
    assert (live.location, live.properties.state, live.properties.version) == ("West Europe", "Ready", "18")
    assert live.properties.auth_config.tenant_id == azure.endpoint["tenant_id"]
    assert live.properties.storage.as_dict() == {
        "iops": 120,
        "tier": "P4",
        "storageSizeGB": 32,
        "type": "",
        "autoGrow": "Disabled",
    }


def test_a_server_is_provisioning_until_then_and_takes_no_other_write(azure: Azure) -> None:
    server = Database(azure, azure.group(), server_name())
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    status = server.begun(server.servers.begin_create_or_update, wanted())
    assert server.properties.state == "Provisioning"
    begin = server.client.databases.begin_create
    assert refused(lambda: begin(server.group, server.name, "mlflow", {})) == "ServerIsBusy"
    code = "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"
    assert refused(lambda: server.administrate(object_id(azure), "someone")) == code
    assert refused(lambda: server.servers.begin_delete(server.group, server.name)) == "ServerIsBusy"
    assert [status(), status()] == ["InProgress", "Succeeded"]
    assert server.properties.state == "Ready"


def test_a_server_is_updating_while_a_part_of_it_is_written_which_is_there_at_the_end(azure: Azure) -> None:
    server = Database.created(azure)
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    begin = server.client.databases.begin_create
    status = server.begun(begin, "mlflow", {})
    assert server.properties.state == "Updating"
    with pytest.raises(ResourceNotFoundError):
        server.client.databases.get(server.group, server.name, "mlflow")
    assert refused(lambda: begin(server.group, server.name, "other", {})) == "ServerIsBusy"
    assert [status(), status()] == ["InProgress", "Succeeded"]
    assert server.client.databases.get(server.group, server.name, "mlflow").name == "mlflow"
    assert server.properties.state == "Ready"


def test_a_server_that_was_just_created_goes_on_being_busy_where_that_is_ordered(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"server_busy": 2})
    server = Database.created(azure)
    assert server.properties.state == "Ready"
    code = "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"
    assert refused(lambda: server.administrate(object_id(azure), "someone")) == code
    begin = server.client.databases.begin_create
    assert refused(lambda: begin(server.group, server.name, "mlflow", {})) == "ServerIsBusy"
    assert begin(server.group, server.name, "mlflow", {}).result().charset == "UTF8"


@pytest.mark.parametrize("deleted", ["server", "group"])
def test_the_name_of_a_deleted_server_is_held_for_a_while_where_that_is_ordered(azure: Azure, deleted: str) -> None:
    azure.control("PUT", "quirks", {"server_name_held": 1})
    server = Database.created(azure)
    if deleted == "server":
        server.servers.begin_delete(server.group, server.name).result()
    else:
        azure.resources.resource_groups.begin_delete(server.group).result()
    group, begin = azure.group(), server.servers.begin_create_or_update
    with pytest.raises(HttpResponseError, match="An unexpected error occured while processing the request"):
        begin(group, server.name, wanted()).result()
    assert begin(group, server.name, wanted()).result().properties.state == "Ready"


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [
        ("Not_Valid", "Invalid", "InvalidServerName"),
        ("-hyphen", "Invalid", "InvalidServerName"),
        ("taken-by-others", "AlreadyExists", "ServerNameAlreadyExists"),
    ],
)
def test_a_name_that_cannot_be_had_is_told_before_and_refused_after(
    azure: Azure, name: str, reason: str, code: str
) -> None:
    azure.control("PUT", "names", {"postgres": ["taken-by-others"]})
    question = {"name": name, "type": "Microsoft.DBforPostgreSQL/flexibleServers"}
    for answer in (
        postgres(azure).name_availability.check_globally(question),
        postgres(azure).name_availability.check_with_location("westeurope", question),
    ):
        assert (answer.name_available, answer.reason) == (False, reason)
    group = azure.group()
    assert refused(lambda: postgres(azure).servers.begin_create_or_update(group, name, wanted())) == code


def test_a_free_name_is_told(azure: Azure) -> None:
    question = {"name": server_name(), "type": "Microsoft.DBforPostgreSQL/flexibleServers"}
    answer = postgres(azure).name_availability.check_with_location("westeurope", question)
    assert (answer.name_available, answer.reason, answer.message) == (True, None, "")


def test_a_region_in_which_the_subscription_may_have_no_servers_says_so_before_and_behind_the_answer(
    azure: Azure,
) -> None:
    azure.control("PUT", "quota", {"offerRestricted": ["westeurope"]})
    restricted = next(iter(postgres(azure).capabilities_by_location.list("westeurope")))
    assert {each.name: each.status for each in restricted.supported_features}["OfferRestricted"] == "Enabled"
    assert not restricted.supported_server_versions
    group, name = azure.group(), server_name()
    azure.control("DELETE", "requests")
    code = refused(lambda: postgres(azure).servers.begin_create_or_update(group, name, wanted()))
    assert code == "LocationIsOfferRestricted"
    assert asked(azure)[0] == ("PUT", "flexibleServers", 202)
    assert not list(postgres(azure).servers.list_by_resource_group(group))
    free = next(iter(postgres(azure).capabilities_by_location.list("northeurope")))
    burstable = next(each for each in free.supported_server_editions if each.name == "Burstable")
    assert "Standard_B1ms" in [each.name for each in burstable.supported_server_skus]


def test_the_provider_has_to_be_registered(azure: Azure) -> None:
    others = ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web")
    azure.control("PUT", "providers", dict.fromkeys(others, "Registered"))
    try:
        group = azure.group()
        code = refused(lambda: postgres(azure).servers.begin_create_or_update(group, server_name(), wanted()))
        assert code == "MissingSubscriptionRegistration"
    finally:
        azure.resources.providers.register("Microsoft.DBforPostgreSQL")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"version": "10"}, "ParameterOutOfRange"),
        ({"storage": {"storageSizeGB": 33}}, "ParameterOutOfRange"),
        ({"authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Disabled"}}, "InvalidParameterValue"),
        ({"authConfig": {"passwordAuth": "Enabled"}}, "InvalidRequestContent"),
        (
            {"authConfig": {}, "administratorLogin": "root", "administratorLoginPassword": "Pa55-word"},
            "InvalidParameterValue",
        ),
        (
            {"authConfig": {}, "administratorLogin": "someone", "administratorLoginPassword": "password"},
            "PasswordNotComplex",
        ),
    ],
)
def test_a_server_that_cannot_be_is_refused(azure: Azure, properties: dict[str, Any], code: str) -> None:
    group, name = azure.group(), server_name()
    assert refused(lambda: postgres(azure).servers.begin_create_or_update(group, name, wanted(**properties))) == code
    assert not list(postgres(azure).servers.list_by_resource_group(group))


@pytest.mark.parametrize("sku", [{"name": "Standard_B1", "tier": "Burstable"}, {"name": "Standard_B1ms", "tier": "X"}])
def test_a_size_that_there_is_not_is_refused(azure: Azure, sku: dict[str, str]) -> None:
    group, name = azure.group(), server_name()
    begin = postgres(azure).servers.begin_create_or_update
    assert refused(lambda: begin(group, name, wanted() | {"sku": sku})) == "ParameterOutOfRange"


def test_storage_grows_and_does_not_shrink(azure: Azure) -> None:
    server = Database.created(azure)
    grown = server.update(storage={"storageSizeGB": 64})
    assert (grown.storage.storage_size_gb, grown.storage.tier, grown.storage.iops) == (64, "P6", 240)
    with pytest.raises(HttpResponseError, match="cannot be reduced from 64 to 32"):
        server.update(storage={"storageSizeGB": 32})


def test_an_update_changes_what_it_names_and_nothing_else(azure: Azure) -> None:
    server = Database.created(azure)
    before = server.servers.get(server.group, server.name).as_dict()
    change = {"tags": {"owner": "me"}, "properties": {"backup": {"backupRetentionDays": 14}}}
    server.servers.begin_update(server.group, server.name, change).result()
    after = server.servers.get(server.group, server.name).as_dict()
    assert after["tags"] == {"owner": "me"}
    assert after["properties"]["backup"] == {**before["properties"]["backup"], "backupRetentionDays": 14}
    assert {**after["properties"], "backup": None} == {**before["properties"], "backup": None}
    again = server.servers.begin_create_or_update(server.group, server.name, wanted()).result()
    assert again.properties.fully_qualified_domain_name == before["properties"]["fullyQualifiedDomainName"]


def test_servers_are_listed_by_group_and_by_subscription(azure: Azure) -> None:
    server = Database.created(azure)
    assert [each.name for each in server.servers.list_by_resource_group(server.group)] == [server.name]
    assert server.name in [each.name for each in server.servers.list_by_subscription()]
    assert not list(server.servers.list_by_resource_group(azure.group()))
    address = server.properties.fully_qualified_domain_name
    listed = {"name": server.name, "address": address, "state": "Ready"}
    assert listed in azure.control("GET", "status")["databases"]


@pytest.mark.parametrize("part", ["server", "database"])
def test_an_operation_that_fails_at_its_end_leaves_nothing(azure: Azure, part: str) -> None:
    order = {"method": "PUT", "kind": "operation-failed", "code": "InternalServerError", "message": "It broke."}
    group, name = azure.group(), server_name()
    if part == "server":
        azure.control("POST", "faults", order | {"path": f"/{name}$"})
        with pytest.raises(HttpResponseError, match="It broke"):
            postgres(azure).servers.begin_create_or_update(group, name, wanted()).result()
        assert not list(postgres(azure).servers.list_by_resource_group(group))
        return
    server = Database.created(azure, group)
    azure.control("POST", "faults", order | {"path": "/databases/mlflow$"})
    with pytest.raises(HttpResponseError, match="It broke"):
        server.client.databases.begin_create(group, server.name, "mlflow", {}).result()
    assert server.properties.state == "Ready"
    assert "mlflow" not in {each.name for each in server.client.databases.list_by_server(group, server.name)}
    server.let_in()
    server.administrate(object_id(azure), "emulator")
    found = server.connect(password=token(azure)).execute("SELECT count(*) FROM pg_database WHERE datname = 'mlflow'")
    assert found.fetchone() == (0,)


def test_operations_take_as_long_as_azures_and_ask_to_be_polled_as_often(azure: Azure) -> None:
    group = azure.group()
    azure.control("PUT", "latency", {"profile": "azure", "scale": 0.001})
    told: list[str | None] = []

    def note(response: Any) -> None:
        told.append(response.http_response.headers.get("retry-after-ms"))

    begin = postgres(azure).servers.begin_create_or_update
    server = Database(azure, group, server_name())
    before = time.monotonic()
    begin(group, server.name, wanted(), raw_response_hook=note).result()
    assert time.monotonic() - before > 0.2  # Azure's takes over 200 s
    assert told[0] == "60"
    azure.control("PUT", "latency", {"profile": "none"})
    assert server.properties.state == "Ready"
