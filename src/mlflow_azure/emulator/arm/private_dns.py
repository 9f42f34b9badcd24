"""Microsoft.Network: private DNS zones and their links to virtual networks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.network_operations import GROUP, PROVIDER, deleted, settled, written
from mlflow_azure.emulator.arm.network_rules import NETWORK_TYPE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/dns/privatednszones")

ZONE_TYPE = "Microsoft.Network/privateDnsZones"
LINK_TYPE = f"{ZONE_TYPE}/virtualNetworkLinks"
_LINKS = "https://learn.microsoft.com/rest/api/dns/virtualnetworklinks"
_ZONES = GROUP + "/privateDnsZones"
_ZONE = _ZONES + "/{zone}"
_LINK = _ZONE + "/virtualNetworkLinks/{link}"
# https://learn.microsoft.com/azure/dns/private-dns-privatednszone#restrictions
_NAME = re.compile(r"(?=.{1,253}$)[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})+")


@endpoints.on("PUT", _ZONE, lacks="records, that of a PostgreSQL server among them")
async def put_zone(call: Call) -> Answer:
    """Create or update a zone (long-running)."""
    if not _NAME.fullmatch(call["zone"]):
        raise ArmError(400, "BadRequest", f"The zone name '{call['zone']}' is not valid: it needs two labels or more.")
    return await _write(call, {"numberOfRecordSets": 1, "maxNumberOfRecordSets": 25000})


@endpoints.on("GET", _ZONE)
async def get_zone(call: Call) -> Answer:
    """One zone."""
    return Answer(await settled(call, call.id))


@endpoints.on("DELETE", _ZONE)
async def delete_zone(call: Call) -> Answer:
    """Delete a zone that has no link (long-running)."""
    zone = call.world.resources.find(call.id)
    if zone is None:
        return Answer(status=204)
    if nested := call.world.resources.of_type(LINK_TYPE, call.id):
        raise ArmError(  # github.com/hashicorp/terraform-provider-azurerm/issues/6577
            409,
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{nested[0]['id']}'. Please delete all nested resources before deleting this resource.",
        )
    return await deleted(call, zone)


@endpoints.on("GET", _ZONES)
async def list_group_zones(call: Call) -> Answer:
    """The zones of a group."""
    under = f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}"
    return Answer({"value": call.world.resources.of_type(ZONE_TYPE, under)})


@endpoints.on("GET", PROVIDER + "/privateDnsZones")
async def list_zones(call: Call) -> Answer:
    """The zones of a subscription."""
    return Answer({"value": call.world.resources.of_type(ZONE_TYPE, f"/subscriptions/{call['subscription']}")})


@endpoints.on("PUT", _LINK, reference=_LINKS, lacks="that machines register themselves")
async def put_link(call: Call) -> Answer:
    """Link a zone to a network, or update the link (long-running)."""
    wanted = call.body.get("properties") or {}
    network = call.world.resources.find(str((wanted.get("virtualNetwork") or {}).get("id")))
    if network is None or network["type"] != NETWORK_TYPE:
        raise ArmError(400, "BadRequest", "The virtual network of the link does not exist.")
    existing = call.world.resources.find(call.id)
    if existing and existing["properties"]["virtualNetwork"]["id"].lower() != network["id"].lower():
        raise ArmError(400, "BadRequest", "The virtual network of an existing link cannot be changed.")
    registers = bool(wanted.get("registrationEnabled"))
    state = {"virtualNetworkLinkState": "Completed", "registrationEnabled": registers}
    return await _write(call, {"virtualNetwork": {"id": network["id"]}, **state})


@endpoints.on("GET", _LINK, reference=_LINKS)
async def get_link(call: Call) -> Answer:
    """One link."""
    return Answer(await settled(call, call.id))


@endpoints.on("DELETE", _LINK, reference=_LINKS)
async def delete_link(call: Call) -> Answer:
    """Take a link away (long-running)."""
    link = call.world.resources.find(call.id)
    return await deleted(call, link) if link else Answer(status=204)


@endpoints.on("GET", _ZONE + "/virtualNetworkLinks", reference=_LINKS)
async def list_links(call: Call) -> Answer:
    """The links of a zone."""
    return Answer({"value": call.world.resources.of_type(LINK_TYPE, call.id)})


def is_linked(world: World, zone: str, network: str) -> bool:
    """Whether names of a zone are found in a network."""
    links = world.resources.of_type(LINK_TYPE, zone)
    return any(each["properties"]["virtualNetwork"]["id"].lower() == network.lower() for each in links)


async def _write(call: Call, properties: dict[str, Any]) -> Answer:
    """Zones and links lie in no region: they say "global"."""
    existing = call.world.resources.find(call.id)
    if str(call.body.get("location")).lower() != "global":
        raise ArmError(400, "LocationNotAvailableForResourceType", "The location of a private DNS zone is 'global'.")
    body: Body = {"id": call.id, "name": call.id.rpartition("/")[2], "type": call.type, "location": "global"}
    return await written(
        call, {**body, "tags": call.body.get("tags") or {}, "properties": properties}, 200 if existing else 201
    )
