"""What lies in a PostgreSQL server: databases, firewall rules, administrators, parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.databases import ENTRA_ONLY, Database, object_id, refused

if TYPE_CHECKING:
    from tests.support.emulated import Azure


def test_databases_and_rules_come_and_go(azure: Azure) -> None:
    server = Database.created(azure)
    databases, rules = server.client.databases, server.client.firewall_rules
    for _ in range(2):
        databases.begin_create(server.group, server.name, "mlflow", {}).result()
        server.let_in()
    listed = {each.name for each in databases.list_by_server(server.group, server.name)}
    assert listed == {"mlflow", "postgres", "azure_maintenance", "azure_sys"}
    assert [each.name for each in rules.list_by_server(server.group, server.name)] == ["AllowAllAzureServices"]
    databases.begin_delete(server.group, server.name, "mlflow").result()
    rules.begin_delete(server.group, server.name, "AllowAllAzureServices").result()
    rules.begin_delete(server.group, server.name, "AllowAllAzureServices").result()
    assert "mlflow" not in {each.name for each in databases.list_by_server(server.group, server.name)}
    assert not list(rules.list_by_server(server.group, server.name))
    assert refused(lambda: databases.begin_delete(server.group, server.name, "postgres")) == "InvalidParameterValue"


@pytest.mark.parametrize(("first", "last"), [("10.0.0.9", "10.0.0.1"), ("ten", "10.0.0.1"), ("::1", "::1")])
def test_a_rule_that_names_no_range_of_addresses_is_refused(azure: Azure, first: str, last: str) -> None:
    server = Database.created(azure)
    with pytest.raises(HttpResponseError):
        server.let_in(first, last)
    assert server.properties.state == "Ready"


def test_an_administrator_is_a_principal_of_the_directory(azure: Azure) -> None:
    server = Database.created(azure)
    administrator = server.administrate(object_id(azure), "mlflow-identity")
    assert (administrator.name, administrator.id.rpartition("/")[2]) == ("mlflow-identity", object_id(azure))
    assert administrator.properties.as_dict() == {
        "principalType": "ServicePrincipal",
        "principalName": "mlflow-identity",
        "objectId": object_id(azure),
        "tenantId": azure.endpoint["tenant_id"],
    }
    with pytest.raises(HttpResponseError, match="not a valid principal name"):
        server.administrate(object_id(azure), "azuresu")
    nobody = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(HttpResponseError, match="its name is not found in the tenant"):
        server.administrate(nobody, "nobody")
    administrators = server.client.administrators_microsoft_entra
    assert len(list(administrators.list_by_server(server.group, server.name))) == 1
    administrators.begin_delete(server.group, server.name, object_id(azure)).result()
    assert not list(administrators.list_by_server(server.group, server.name))


def test_a_server_without_microsoft_entra_has_no_administrators_of_it(azure: Azure) -> None:
    login = {"administratorLogin": "someone", "administratorLoginPassword": "Pa55-word"}
    server = Database.created(azure, authConfig={}, **login)
    code = "AadAuthenticationNotEnabled"
    assert refused(lambda: server.administrate(object_id(azure), "someone-else")) == code
    assert server.properties.auth_config.as_dict() == {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled"}
    assert server.update(authConfig=ENTRA_ONLY).auth_config.tenant_id == azure.endpoint["tenant_id"]
    server.administrate(object_id(azure), "someone-else")


def test_parameters_are_those_of_the_running_postgresql_and_some_of_azures(azure: Azure) -> None:
    server = Database.opened(azure)
    configurations = server.client.configurations
    listed = {each.name for each in configurations.list_by_server(server.group, server.name)}
    assert {"require_secure_transport", "azure.extensions", "work_mem", "max_connections"} <= listed
    tls = configurations.get(server.group, server.name, "require_secure_transport").properties
    assert (tls.value, tls.source, tls.allowed_values) == ("on", "system-default", "on,off")
    audited = server.configure("pgaudit.log", "READ")
    assert (audited.value, audited.source) == ("READ", "user-override")
    assert server.configure("work_mem", "8192").value == "8192"
    assert server.connect().execute("SHOW work_mem").fetchone() == ("8MB",)
    assert server.configure("max_worker_processes", "9").is_config_pending_restart
    with pytest.raises(HttpResponseError, match="Invalid value given for parameter 'work_mem'"):
        server.configure("work_mem", "much")
    with pytest.raises(HttpResponseError, match="read-only"):
        server.configure("listen_addresses", "*")
    with pytest.raises(HttpResponseError, match="does not exist"):
        server.configure("colour", "blue")
