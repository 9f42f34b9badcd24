"""Virtual networks and private DNS zones, and what lies in them: what Azure takes, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support import recordings
from tests.support.databases import Database, postgres, server_name, wanted
from tests.support.emulated import error_code, response_of

if TYPE_CHECKING:
    from tests.support.emulated import Azure

VERSION = "2024-05-01"
WEB, POSTGRES = "Microsoft.Web/serverFarms", "Microsoft.DBforPostgreSQL/flexibleServers"
ZONE = "some.private.postgres.database.azure.com"


class Networks:
    """A group with networks and zones, as the generic client makes them."""

    def __init__(self, azure: Azure) -> None:
        azure.resources.providers.register("Microsoft.Network")
        self.azure = azure
        self.group = azure.group()
        self._under = f"/subscriptions/{azure.subscription}/resourceGroups/{self.group}/providers/Microsoft.Network"
        self.network = f"{self._under}/virtualNetworks/net"
        self.zone = f"{self._under}/privateDnsZones/{ZONE}"
        self.link = f"{self.zone}/virtualNetworkLinks/net"

    def put(self, path: str, **body: Any) -> Any:
        return self.azure.resources.resources.begin_create_or_update_by_id(
            resource_id=path, api_version=VERSION, parameters=body
        ).result()

    def delete(self, path: str) -> None:
        self.azure.resources.resources.begin_delete_by_id(path, api_version=VERSION).result()

    def make(self, *subnets: dict[str, Any], space: str = "10.0.0.0/24") -> Any:
        properties = {"addressSpace": {"addressPrefixes": [space]}, "subnets": list(subnets)}
        return self.put(self.network, location="westeurope", properties=properties)

    def make_zone(self, zone: str | None = None) -> str:
        path = zone or self.zone
        self.put(path, location="global")
        return path

    def subnet(self, name: str) -> str:
        return f"{self.network}/subnets/{name}"


@pytest.fixture
def networks(azure: Azure) -> Networks:
    return Networks(azure)


def subnet(name: str, prefix: str, service: str | None = None) -> dict[str, Any]:
    delegations = [{"name": "delegation", "properties": {"serviceName": service}}] if service else []
    return {"name": name, "properties": {"addressPrefix": prefix, "delegations": delegations}}


BOTH = (subnet("database", "10.0.0.0/28", POSTGRES), subnet("web", "10.0.0.64/26", WEB))


def private(networks: Networks, **more: str) -> dict[str, Any]:
    """A server in the subnet for it."""
    network = {
        "delegatedSubnetResourceId": networks.subnet("database"),
        "privateDnsZoneArmResourceId": networks.zone,
        **more,
    }
    return wanted(network=network)


def test_a_network_is_there_with_its_subnets_once_its_operation_is_done(networks: Networks, azure: Azure) -> None:
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    made = networks.make(*BOTH)
    assert made.properties["provisioningState"] == "Succeeded"
    assert [each["name"] for each in made.properties["subnets"]] == ["database", "web"]
    listed = [each.name for each in azure.resources.resources.list_by_resource_group(networks.group)]
    assert listed == ["net"]
    networks.make(BOTH[0])  # what a request leaves out is gone
    found = azure.resources.resources.get_by_id(networks.network, api_version=VERSION)
    assert [each["name"] for each in found.properties["subnets"]] == ["database"]
    networks.delete(networks.network)
    assert list(azure.resources.resources.list_by_resource_group(networks.group)) == []


@pytest.mark.parametrize(
    ("subnets", "code"),
    [
        ([subnet("a", "10.0.0.0/28"), subnet("b", "10.0.0.8/29")], "NetcfgInvalidSubnet"),
        ([subnet("a", "10.0.1.0/28")], "NetcfgInvalidSubnet"),
        ([subnet("a", "10.0.0.0/30")], "NetcfgInvalidSubnet"),
        ([subnet("a", "10.0.0.1/28")], "InvalidCIDRNotation"),
    ],
)
def test_subnets_that_overlap_or_lie_elsewhere_are_refused(
    networks: Networks, subnets: list[dict[str, Any]], code: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        networks.make(*subnets)
    assert error_code(refused.value) == code
    assert response_of(refused.value).json()["error"]["details"] == []


def test_a_web_app_connects_to_a_subnet_for_it_which_stays_in_use_until_it_is_disconnected(
    networks: Networks, azure: Azure
) -> None:
    networks.make(*BOTH)
    plan = azure.plan(networks.group)
    with pytest.raises(HttpResponseError, match="has to be delegated"):
        azure.site(networks.group, plan, virtualNetworkSubnetId=networks.subnet("database"))
    site = azure.site(networks.group, plan, virtualNetworkSubnetId=networks.subnet("web"))
    with pytest.raises(HttpResponseError, match="already occupied"):
        azure.site(networks.group, azure.plan(networks.group), virtualNetworkSubnetId=networks.subnet("web"))
    for attempt in (lambda: networks.delete(networks.network), lambda: networks.make(BOTH[0])):
        with pytest.raises(HttpResponseError, match=r"is in use by .*/AppServiceLink"):
            attempt()
    with pytest.raises(HttpResponseError, match="requires any of the following delegation"):
        networks.make(BOTH[0], subnet("web", "10.0.0.64/26"))
    azure.web.web_apps.delete_swift_virtual_network(networks.group, site.name)
    assert azure.web.web_apps.get(networks.group, site.name).virtual_network_subnet_id is None
    networks.delete(networks.network)


def test_a_web_app_that_is_deleted_while_it_is_connected_leaves_its_subnet_in_use(
    networks: Networks, azure: Azure
) -> None:
    networks.make(*BOTH)
    site = azure.site(networks.group, virtualNetworkSubnetId=networks.subnet("web"))
    azure.web.web_apps.delete(networks.group, site.name)
    with pytest.raises(HttpResponseError, match="is in use by"):
        networks.delete(networks.network)


def test_a_zone_has_the_records_that_one_writes_and_the_one_that_it_starts_with(
    networks: Networks, azure: Azure
) -> None:
    zone = networks.make_zone()

    def ask(method: str, path: str, **properties: Any) -> Any:
        body = {"properties": properties} if properties else None
        return recordings.send(azure, method, f"{zone}/{path}?api-version=2018-09-01", body)

    assert ask("PUT", "a/database", ttl=60, aRecords=[{"ipv4Address": "10.0.0.4"}]).status_code == 201
    assert ask("PATCH", "A/database", ttl=30).json()["properties"]["aRecords"] == [{"ipv4Address": "10.0.0.4"}]
    listed = {each["type"].rpartition("/")[2]: each for each in ask("GET", "ALL").json()["value"]}
    assert (set(listed), listed["A"]["properties"]["ttl"]) == ({"SOA", "A"}, 30)
    assert [each["name"] for each in ask("GET", "SOA").json()["value"]] == ["@"]
    assert ask("GET", "").json()["properties"]["numberOfRecordSets"] == 2
    assert [ask("PUT", path, ttl=60).status_code for path in ("CNAME/database", "SOA/second")] == [400, 400]
    assert [ask("DELETE", "A/database").status_code for _ in range(2)] == [200, 204]
    assert ask("GET", "A/database").json()["code"] == "NotFound"


def test_a_zone_goes_after_its_links(networks: Networks) -> None:
    networks.make()
    with pytest.raises(HttpResponseError, match="two labels"):
        networks.make_zone(networks.zone.replace(ZONE, "short"))
    networks.make_zone()
    networks.put(networks.link, location="global", properties={"virtualNetwork": {"id": networks.network}})
    with pytest.raises(HttpResponseError) as refused:
        networks.delete(networks.zone)
    assert error_code(refused.value) == "CannotDeleteResource"
    networks.delete(networks.link)
    networks.delete(networks.zone)


def test_a_server_in_a_network_has_no_public_address_and_never_gets_one(networks: Networks, azure: Azure) -> None:
    networks.make(*BOTH)
    networks.make_zone()
    server = Database(azure, networks.group, server_name())
    live = server.servers.begin_create_or_update(networks.group, server.name, private(networks)).result()
    assert live.properties.network.public_network_access == "Disabled"
    with pytest.raises(HttpResponseError, match="is in use by"):
        networks.delete(networks.network)
    for change in ({"publicNetworkAccess": "Enabled"}, {"delegatedSubnetResourceId": networks.subnet("web")}):
        with pytest.raises(HttpResponseError, match=r"cannot be (enabled|set or changed)"):
            server.servers.begin_update(networks.group, server.name, {"properties": {"network": change}}).result()
    rule = {"properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}}
    with pytest.raises(HttpResponseError, match="no firewall rules"):
        server.client.firewall_rules.begin_create_or_update(networks.group, server.name, "all", rule)


def test_a_server_in_a_network_needs_a_subnet_of_its_own_and_a_zone_that_is_not_called_like_it(
    networks: Networks, azure: Azure
) -> None:
    networks.make(*BOTH)
    name = server_name()
    begin = postgres(azure).servers.begin_create_or_update
    elsewhere = private(networks, delegatedSubnetResourceId=networks.subnet("web"))
    with pytest.raises(HttpResponseError, match="has to be delegated"):
        begin(networks.group, name, elsewhere)
    with pytest.raises(HttpResponseError, match="has to be a private DNS zone"):
        begin(networks.group, name, private(networks))
    alike = networks.make_zone(networks.zone.replace(ZONE, f"{name}.postgres.database.azure.com"))
    with pytest.raises(HttpResponseError, match="It can not be server name plus zone suffix"):
        begin(networks.group, name, private(networks, privateDnsZoneArmResourceId=alike)).result()
