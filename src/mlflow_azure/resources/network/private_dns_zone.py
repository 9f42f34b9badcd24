"""The private DNS zone of the PostgreSQL server's name, and its link to the network.

https://learn.microsoft.com/azure/dns/private-dns-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.resources import arm
from mlflow_azure.resources.network.network_resource import NetworkResource

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties
    from mlflow_azure.resources.network.virtual_network import VirtualNetwork
    from mlflow_azure.resources.provider import Provider
    from mlflow_azure.resources.resource_group import ResourceGroup

_EVERYWHERE = "global"


class PrivateDnsZone(NetworkResource):
    """The zone of one server: `server`.private.postgres.database.azure.com.

    The service writes its record. It would refuse a zone with exactly the server's name:
    https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private#use-a-private-dns-zone
    """

    kind = "private DNS zone"
    type = "Microsoft.Network/privateDnsZones"
    api_version = "2024-06-01"

    def __init__(self, azure: Azure, server: str, *, group: ResourceGroup, provider: Provider) -> None:
        name = f"{server}.{azure.cloud.postgres_private_zone}"
        super().__init__(azure, name, group=group, provider=provider, location=_EVERYWHERE)


class PrivateDnsZoneLink(NetworkResource):
    """Makes the names of a zone resolvable in a network."""

    kind = "private DNS zone link"
    type = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
    api_version = PrivateDnsZone.api_version

    def __init__(self, zone: PrivateDnsZone, network: VirtualNetwork) -> None:
        super().__init__(
            zone.azure,
            network.name,
            group=zone.group,
            provider=zone.provider,
            location=_EVERYWHERE,
            after=(network,),
        )
        self.parent = zone
        self.network = network

    @property
    def id(self) -> str:
        return f"{self.parent and self.parent.id}/virtualNetworkLinks/{self.name}"

    def read(self, given: Given) -> Properties | None:
        live = super().read(given)
        if live is None:
            return None
        linked = live["properties"].get("virtualNetwork") or {}
        if arm.same_id(linked.get("id"), self.network.id):
            linked = {"id": self.network.id}
        return {**live, "properties": {**live["properties"], "virtualNetwork": linked}}

    def desired(self, given: Given) -> Properties:
        """The network, without automatic registration of machines."""
        properties = {"virtualNetwork": {"id": self.network.id}, "registrationEnabled": False}
        return {**super().desired(given), "properties": properties}
