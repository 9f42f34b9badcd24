"""Validation of virtual networks, and obstacles to changes.

Codes and texts: github.com/MicrosoftDocs/azure-docs, articles/virtual-network/troubleshoot-vnet.md and the issues named
below; otherwise they are assumed.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import NetworkError
from mlflow_azure.emulator.arm.postgres_operations import SERVER_TYPE
from mlflow_azure.emulator.arm.web_plans import SITE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"
LEFT = "subnets with links of web apps that are gone"
WEB, POSTGRES = "Microsoft.Web/serverFarms", "Microsoft.DBforPostgreSQL/flexibleServers"
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork
_NAME = re.compile(r"[0-9a-zA-Z]([\w.-]{0,62}\w)")
_SUBNET_NAME = re.compile(r"[0-9a-zA-Z]([\w.-]{0,78}\w)?")
_SMALLEST = 29


def require_network(name: str, properties: dict[str, Any]) -> None:
    """Refuse invalid names, and invalid or overlapping address ranges. Raises NetworkError."""
    if not _NAME.fullmatch(name):
        raise NetworkError(400, "InvalidResourceName", f"Resource name {name} is invalid.")
    prefixes = (properties.get("addressSpace") or {}).get("addressPrefixes") or ()
    space = [_range(name, prefix) for prefix in prefixes]
    if not space:
        raise NetworkError(400, "MissingJsonProperty", f"Virtual network {name} has no address prefixes.")
    _require_apart([(str(each), each) for each in space], name)
    encryption = properties.get("encryption") or {}
    if encryption.get("enabled") and not encryption.get("enforcement"):
        raise NetworkError(  # recorded in 2023, version 2022-01-01
            400,
            "MustSpecifyBothEncryptionIntentAndEnforcementPolicy",
            f"Cannot encrypt VirtualNetwork {name} unless both encryption intent (Enabled true or false) and "
            "enforcement policy (AllowUnencrypted or DropUnencrypted) are specified.",
        )
    subnets = [(each["name"], _subnet_range(name, each)) for each in properties.get("subnets") or ()]
    for subnet, addresses in subnets:
        within = any(addresses.subnet_of(each) for each in space)
        if not _SUBNET_NAME.fullmatch(subnet) or not within or addresses.prefixlen > _SMALLEST:
            raise NetworkError(
                400, "NetcfgInvalidSubnet", f"Subnet '{subnet}' is not valid in virtual network '{name}'."
            )
    _require_apart(subnets, name)


def _require_apart(ranges: list[tuple[str, ipaddress.IPv4Network]], network: str) -> None:
    """The text: github.com/hashicorp/terraform-provider-azurerm/issues/3780."""
    for number, (name, addresses) in enumerate(ranges):
        if any(addresses.overlaps(other) for _, other in ranges[:number]):
            raise NetworkError(
                400,
                "NetcfgInvalidSubnet",
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet "
                f"in virtual network '{network}'.",
            )


def require_unchanged_where_used(world: World, network: Body, properties: dict[str, Any]) -> None:
    """Refuse to delete a subnet in use, or to change its address range or delegation. Raises NetworkError."""
    wanted = {each["name"].lower(): each["properties"] for each in properties["subnets"]}
    for subnet in network["properties"]["subnets"]:
        users = list(users_of(world, subnet["id"]))
        after = wanted.get(subnet["name"].lower())
        if users and after is None:
            raise in_use(subnet, users)
        if users and after and services(after) != services(subnet["properties"]):
            raise NetworkError(
                400,
                "SubnetMissingRequiredDelegation",
                f"Subnet {subnet['id']} requires any of the following delegation(s) "
                f"[{', '.join(services(subnet['properties']))}] to reference service association link {users[0]}.",
            )
        if users and after and after["addressPrefix"] != subnet["properties"]["addressPrefix"]:
            raise NetworkError(
                400,
                "InUsePrefixCannotBeDeleted",
                f"IpPrefix {subnet['properties']['addressPrefix']} on Subnet {subnet['name']} has active allocations "
                "and cannot be deleted.",
            )


def in_use(subnet: Body, users: list[str]) -> NetworkError:
    """The refusal to delete a subnet: github.com/Azure/deployment-stacks/issues/150."""
    return NetworkError(
        400,
        "InUseSubnetCannotBeDeleted",
        f"Subnet {subnet['name']} is in use by {users[0]} and cannot be deleted. In order to delete the subnet, delete "
        "all the resources within the subnet. See aka.ms/deletesubnet.",
    )


def users_of(world: World, subnet_id: str) -> Iterator[str]:
    """Return what uses a subnet. A web app that was deleted while connected leaves its link.

    https://learn.microsoft.com/azure/app-service/overview-vnet-integration, on deleting an app before disconnecting it
    """
    wanted = subnet_id.lower()
    sites = (site["properties"].get("virtualNetworkSubnetId") for site in world.resources.of_type(SITE_TYPE))
    left = world.resources.hidden(wanted.partition("/subnets/")[0]).get(LEFT, [])
    if any((each or "").lower() == wanted for each in (*sites, *left)):
        yield f"{subnet_id}/serviceAssociationLinks/AppServiceLink"
    for server in world.resources.of_type(SERVER_TYPE):
        if server["properties"]["network"].get("delegatedSubnetResourceId", "").lower() == wanted:
            yield f"{subnet_id}/serviceAssociationLinks/{server['name']}"


def services(properties: Body) -> list[str]:
    """Return the services that a subnet is delegated to."""
    return [each["properties"]["serviceName"] for each in properties.get("delegations") or ()]


def find_subnet(world: World, subnet_id: str) -> tuple[Body, Body] | None:
    """Return a subnet with its network."""
    network = world.resources.find(subnet_id.lower().partition("/subnets/")[0])
    subnets = network["properties"].get("subnets", []) if network else []
    found = next((each for each in subnets if each["id"].lower() == subnet_id.lower()), None)
    return (network, found) if network and found else None


def _range(network: str, prefix: Any) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(prefix)
    except ValueError as error:
        raise NetworkError(
            400,
            "InvalidCIDRNotation",
            f"The address prefix {prefix} in resource {network} has an invalid CIDR notation.",
        ) from error


def _subnet_range(network: str, subnet: Body) -> ipaddress.IPv4Network:
    return _range(f"{network}/{subnet['name']}", (subnet.get("properties") or {}).get("addressPrefix"))
