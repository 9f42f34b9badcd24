"""Microsoft.DBforPostgreSQL: whether a server has a public address or one in a virtual network, permanently.

https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.network_rules import POSTGRES, find_subnet, services
from mlflow_azure.emulator.arm.private_dns import ZONE_TYPE, is_linked
from mlflow_azure.emulator.arm.regions import region_name
from mlflow_azure.emulator.arm.web_networks import network_of

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

SUBNET, ZONE = "delegatedSubnetResourceId", "privateDnsZoneArmResourceId"
_ENDS = (".postgres.database.azure.com", ".postgres.database.usgovcloudapi.net", ".postgres.database.chinacloudapi.cn")


def choose_network(world: World, server: Body, properties: dict[str, Any], live: dict[str, Any] | None) -> None:
    """Determine how the server of `properties` is reached.

    Raises:
        ArmError: It is refused. Code and words are assumed, except where `name_fault` says otherwise.

    """
    network = properties["network"]
    before = (live or {}).get("network") or {}
    if live is not None and str(network.get(SUBNET)).lower() != str(before.get(SUBNET)).lower():
        raise _invalid("The virtual network of a server cannot be set or changed after its creation.")
    if not network.get(SUBNET):
        if network.get(ZONE):
            raise _invalid(f"'{ZONE}' needs '{SUBNET}'.")
        return
    if live is not None:
        if network["publicNetworkAccess"] != "Disabled":
            raise _invalid("Public access cannot be enabled on a server in a virtual network.")
        return
    network["publicNetworkAccess"] = "Disabled"
    _require_subnet(world, server, network[SUBNET])
    zone = world.resources.find(str(network.get(ZONE)))
    if zone is None or zone["type"] != ZONE_TYPE or not zone["name"].endswith(_ENDS):
        raise _invalid(f"'{ZONE}' has to be a private DNS zone whose name ends with {_ENDS[0]}.")


def name_fault(server: Body) -> tuple[str, str] | None:
    """Return errors that the service only finds after its first response.

    Code and words: github.com/hashicorp/terraform-provider-azurerm/issues/24549.
    """
    zone = str(server["properties"]["network"].get(ZONE)).rpartition("/")[2]
    if zone not in {f"{server['name']}{end}" for end in _ENDS}:
        return None
    message = f"The Private DNS Zone name provided [{zone}] is not valid. It can not be server name plus zone suffix."
    return "PrivateDnsZoneNameNotValid", message


async def reaches(world: World, server: Body, address: str, port: int) -> bool:
    """Whether a socket of this machine can reach a server.

    A server in a virtual network is reachable only for web apps connected to that network, if it resolves its name. A
    container behind address translation (Docker Desktop) is not recognised.
    """
    network = server["properties"]["network"]
    subnet = network.get(SUBNET)
    if not subnet:
        return True
    site = await world.runtime.sites.owner(address, port)
    home = subnet.lower().partition("/subnets/")[0]
    return bool(site) and network_of(world, site or "") == home and is_linked(world, network[ZONE], home)


def _require_subnet(world: World, server: Body, subnet_id: str) -> None:
    found = find_subnet(world, subnet_id)
    if found is None:
        raise _invalid(f"Subnet '{subnet_id}' does not exist.")
    network, subnet = found
    if POSTGRES.lower() not in {each.lower() for each in services(subnet["properties"])}:
        raise _invalid(f"Subnet '{subnet_id}' has to be delegated to {POSTGRES}.")
    if region_name(network["location"]) != region_name(server["location"]):
        raise _invalid(f"Virtual network '{network['name']}' is not in the region of the server.")


def _invalid(message: str) -> ArmError:
    return ArmError(400, "InvalidParameterValue", message)
