"""Whether the database has a public address, or one in a virtual network shared only with the web app.

Azure fixes this when the server is created:
https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.errors import SettingsError
from mlflow_azure.resources.database.flexible_server import FlexibleServer
from mlflow_azure.resources.network.private_dns_zone import PrivateDnsZone, PrivateDnsZoneLink

if TYPE_CHECKING:
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.engine.node import Properties
    from mlflow_azure.resources.network.virtual_network import VirtualNetwork
    from mlflow_azure.settings import Settings


def has_private_network(settings: Settings, live: Features) -> bool:
    """Whether there should be a network. Without a setting, this stays unchanged."""
    if settings.mlflow_backend_uri or settings.mlflow_backend_uri_secret or not live.has_own_database:
        return False
    return live.is_private if settings.private_network is None else settings.private_network


def names_in(network: VirtualNetwork, server: str) -> tuple[PrivateDnsZone, PrivateDnsZoneLink]:
    """The DNS zone of a server's name, and its link to the network."""
    zone = PrivateDnsZone(network.azure, server, group=network.group, provider=network.provider)
    return zone, PrivateDnsZoneLink(zone, network)


def refuse_other_network(settings: Settings, server: Properties | None) -> None:
    """Raise SettingsError if the existing server's network differs from the settings."""
    if server is None or settings.private_network in (None, FlexibleServer.is_private(server)):
        return
    address = "a public address" if settings.private_network else "no public address"
    raise SettingsError(
        f"PostgreSQL server {settings.postgres_server_name} has {address}, but PRIVATE_NETWORK is "
        f"{'on' if settings.private_network else 'off'}: Azure cannot change that on an existing server",
        hint="To keep it, leave PRIVATE_NETWORK out. To change it, back up: mlflow-azure backup DIRECTORY. Then "
        "deploy to another group: mlflow-azure deploy --rg-name GROUP. And restore it there: mlflow-azure restore "
        "DIRECTORY --rg-name GROUP",
        code="OtherNetwork",
    )
