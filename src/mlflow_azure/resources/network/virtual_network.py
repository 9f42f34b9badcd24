"""The virtual network through which the web app reaches a PostgreSQL server without a public address.

https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.resources.network.network_resource import NetworkResource
from mlflow_azure.resources.tagged import merged_tags

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report


@dataclass(frozen=True)
class Subnet:
    """A subnet delegated to one service.

    Attributes:
        prefix: Its address range.
        service: The service that it is delegated to; no other may use it.

    """

    prefix: str
    service: str


SUFFIX = "-network"
"""Suffix of the network's name, after the web app's name."""
ADDRESSES = "10.60.0.0/24"
DATABASE, WEB_APP = "database", "web-app"
SUBNETS = {
    # The smallest allowed for a flexible server, which has one address, or four with high availability.
    DATABASE: Subnet("10.60.0.0/28", "Microsoft.DBforPostgreSQL/flexibleServers"),
    # Enough for a plan's maximum number of instances; it cannot be changed while in use:
    # https://learn.microsoft.com/azure/app-service/overview-vnet-integration#subnet-requirements
    WEB_APP: Subnet("10.60.0.64/26", "Microsoft.Web/serverFarms"),
}


class VirtualNetwork(NetworkResource):
    """The network. Its address range and its owner's additions (subnets, peerings) stay."""

    kind = "virtual network"
    type = "Microsoft.Network/virtualNetworks"
    api_version = "2024-05-01"

    def subnet(self, name: str) -> str:
        """The id of a subnet."""
        return f"{self.id}/subnets/{name}"

    def read(self, given: Given) -> Properties | None:
        live = super().read(given)
        return live and _with_subnets(live)

    def desired(self, given: Given) -> Properties:
        subnets = {name: {"delegatedTo": subnet.service} for name, subnet in SUBNETS.items()}
        return {**super().desired(given), "subnets": subnets}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        subnets = [_subnet(name, {}) for name in SUBNETS]
        properties = {"addressSpace": {"addressPrefixes": [ADDRESSES]}, "subnets": subnets}
        return self._write(f"creating {self}", desired, properties, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Write it again, with everything it has."""
        there = {each["name"]: each for each in live["properties"].get("subnets") or ()}
        properties = {**live["properties"], "subnets": [*_with_ours(there).values()]}
        tagged = {**desired, "tags": merged_tags(live, desired)}
        return self._write(f"updating {self}", tagged, properties, report)

    def _write(self, what: str, desired: Properties, properties: Properties, report: Report) -> Properties:
        body = {"location": desired["location"], "tags": desired["tags"], "properties": properties}
        return _with_subnets(self.put(what, body, report))


def _with_ours(there: dict[str, Any]) -> dict[str, Any]:
    return {**there, **{name: _subnet(name, there.get(name) or {}) for name in SUBNETS}}


def _subnet(name: str, live: dict[str, Any]) -> dict[str, Any]:
    """Return the desired state of one of our subnets; its address range stays."""
    properties = live.get("properties") or {"addressPrefix": SUBNETS[name].prefix}
    service = SUBNETS[name].service
    if _delegated_to(properties) == service:
        return live
    delegation = {"name": "delegation", "properties": {"serviceName": service}}
    return {**live, "name": name, "properties": {**properties, "delegations": [delegation]}}


def _delegated_to(properties: Properties) -> str | None:
    services = [each["properties"]["serviceName"] for each in properties.get("delegations") or ()]
    # Azure's case of types varies.
    known = {subnet.service.lower(): subnet.service for subnet in SUBNETS.values()}
    return next((known.get(service.lower(), service) for service in services), None)


def _with_subnets(live: Properties) -> Properties:
    subnets = live["properties"].get("subnets") or ()
    return {**live, "subnets": {each["name"]: {"delegatedTo": _delegated_to(each["properties"])} for each in subnets}}
