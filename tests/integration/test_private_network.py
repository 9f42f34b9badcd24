"""MLflow 3 with a database that has no public address, against the emulator."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.databases import token
from tests.support.emulated import Azure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")
THREE = ("--mlflow", "3")
PRIVATE = ("--private-network", "on")
OURS = {"virtual network", "private DNS zone", "private DNS zone link"}
SERVER, SITE = "PostgreSQL server", "web app"
SUBNET = "virtualNetworkSubnetId"
VERSION = "2024-05-01"


class Deployment:
    """A deployment, and what Azure itself says of it."""

    def __init__(self, cli: Command, emulator: Emulator, group: str) -> None:
        self.cli = cli
        self.group = group
        self.emulator = emulator

    def __call__(self, command: str, *arguments: str) -> Result:
        return self.cli(command, *JSON, *(THREE if command in ("deploy", "plan") else ()), *arguments)

    @property
    def azure(self) -> Azure:
        return self.emulator.azure

    @property
    def changes(self) -> dict[str, list[str]]:
        """What a deploy would change, by kind."""
        changes = self("plan").data["changes"]
        return {
            each["kind"]: [found["path"] for found in each["differences"]]
            for each in changes
            if each["action"] != "keep"
        }

    def of_type(self, kind: str) -> Any:
        """The one resource of a type, with its properties."""
        listed = self.azure.resources.resources.list_by_resource_group(self.group, filter=f"resourceType eq '{kind}'")
        (found,) = listed
        return self.azure.resources.resources.get_by_id(found.id, api_version=VERSION)

    @property
    def site(self) -> Any:
        return next(iter(self.azure.web.web_apps.list_by_resource_group(self.group)))

    @property
    def server(self) -> Any:
        return self.of_type("Microsoft.DBforPostgreSQL/flexibleServers")

    @property
    def network(self) -> Any:
        return self.of_type("Microsoft.Network/virtualNetworks")


@pytest.fixture(scope="module")
def private(shared_cli: Command, shared_emulator: Emulator) -> Deployment:
    """The module's deployment. Who changes it puts it back."""
    deployment = Deployment(shared_cli, shared_emulator, "mlflow-rg")
    done = deployment("deploy", "--public", *PRIVATE)
    assert done.exit_code == 0, done.stderr
    kinds = {row["kind"] for row in done.data["resources"]}
    assert kinds >= OURS
    assert "firewall rule" not in kinds
    return deployment


def test_only_the_web_app_reaches_the_database_and_a_later_deploy_leaves_it_so(private: Deployment) -> None:
    network = private.server.properties["network"]
    assert network["publicNetworkAccess"] == "Disabled"
    assert network["delegatedSubnetResourceId"] == f"{private.network.id}/subnets/database"
    assert private.site.virtual_network_subnet_id == f"{private.network.id}/subnets/web-app".lower()
    host, _, port = private.server.properties["fullyQualifiedDomainName"].partition(":")
    role, password = f"{private.site.name}-identity", token(private.azure)
    with pytest.raises(psycopg.OperationalError, match=r"closed the connection|failed"):
        psycopg.connect(host=host, port=port, user=role, password=password, dbname="mlflow", connect_timeout=60)

    private.emulator.forget_requests()
    again = private("deploy")
    assert {row["action"] for row in again.data["resources"]} == {"keep"}
    assert private.emulator.writes == []
    status = private("status").data
    assert status["healthy"]
    assert {row["kind"] for row in status["resources"] if row["state"] == "Succeeded"} >= OURS


def test_a_backup_is_made_by_a_web_app_in_the_network_which_leaves_nothing_behind(
    private: Deployment, tmp_path: Path
) -> None:
    private.emulator.forget_requests()
    done = private("backup", str(tmp_path / "b"))
    assert done.exit_code == 0, done.stderr
    tables = json.loads((tmp_path / "b/database/tables.json").read_text())["tables"]
    assert tables["experiments"]["rows"] == 1
    deleted = [each.split("/sites/")[1] for each in private.emulator.writes if each.startswith("DELETE ")]
    assert [each.partition("-move")[2] for each in deleted] == ["/networkConfig/virtualNetwork", ""]


def test_what_someone_took_apart_by_hand_is_put_together_again(private: Deployment) -> None:
    azure, site, network = private.azure, private.site.name, private.network
    link = private.of_type("Microsoft.Network/privateDnsZones/virtualNetworkLinks").id
    azure.web.web_apps.delete_swift_virtual_network(private.group, site)
    azure.resources.resources.begin_delete_by_id(link, api_version=VERSION).result()
    more = {"name": "theirs", "properties": {"addressPrefix": "10.60.0.32/28"}}
    subnets = [each for each in network.properties["subnets"] if each["name"] == "database"]
    body = {"location": network.location, "tags": {"theirs": "kept"} | network.tags}
    body |= {"properties": {**network.properties, "subnets": [*subnets, more]}}
    azure.resources.resources.begin_create_or_update_by_id(
        resource_id=network.id, api_version=VERSION, parameters=body
    ).result()
    changes = private.changes
    assert changes.keys() == {"virtual network", "private DNS zone link", SITE}
    assert changes["virtual network"] == ["subnets.web-app.delegatedTo"]
    assert changes[SITE] == [f"properties.{SUBNET}"]
    done = private("deploy")
    assert done.exit_code == 0, done.stderr
    assert [each["name"] for each in private.network.properties["subnets"]] == ["database", "theirs", "web-app"]
    assert private.network.tags["theirs"] == "kept"


def test_a_server_that_is_there_cannot_be_made_public(private: Deployment) -> None:
    private.emulator.forget_requests()
    for command in ("plan", "deploy"):
        refused = private(command, "--private-network", "off")
        assert (refused.exit_code, refused.errors[0]["code"]) == (2, "OtherNetwork")
        assert re.search("mlflow-azure backup .*DIRECTORY", refused.errors[0]["hint"])
    assert private.emulator.writes == []


def test_an_interrupted_deploy_goes_on_without_the_setting_and_destroy_leaves_nothing_in_use(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    group = "rg-interrupted"
    half = Deployment(shared_cli.of(group), shared_emulator, group)
    shared_emulator.fail(method="PUT", path="/virtualNetworks/[^/]+$", kind="operation-failed", code="Timeout")
    shared_emulator.fail(method="PUT", path="/virtualNetworkLinks/", kind="cut-after")
    shared_emulator.fail(method="PUT", path="/sites/[^/]+$", status=500, times=None)
    stopped = half("deploy", "--public", *PRIVATE, "--build", "none")
    shared_emulator.heal()
    assert stopped.exit_code == 1
    again = half("deploy", "--public", *PRIVATE, "--build", "none")
    assert [error["code"] for error in again.errors] == ["ImageNotFound"]
    assert half.site.virtual_network_subnet_id
    half.azure.account(group)  # someone else's, so that the group stays

    kept = half("destroy", "--yes", "--keep-data").data
    assert {row["kind"] for row in kept["kept"]} >= {*OURS, SERVER}
    unsaid = half("plan", "--public").data["changes"]  # the server tells what the web app did
    assert {each["kind"]: each["action"] for each in unsaid}["virtual network"] == "keep"

    gone = half("destroy", "--yes", "--delete-database")
    assert gone.exit_code == 0, gone.stderr
    assert {row["kind"] for row in gone.data["resources"]} >= {*OURS, SERVER}
    left = [each.type for each in half.azure.resources.resources.list_by_resource_group(group)]
    assert left == ["Microsoft.Storage/storageAccounts"]


@pytest.mark.parametrize("setting", [PRIVATE, ("--autoscale", "1-3")], ids=" ".join)
def test_an_upgrade_takes_settings_that_what_is_deployed_cannot_have(
    shared_cli: Command, shared_emulator: Emulator, setting: tuple[str, str]
) -> None:
    upgrade = shared_cli("upgrade", *JSON, "--to", "3", *setting, "--rg-name", "empty")
    assert [each["code"] for each in upgrade.errors] == ["NotDeployed"]
