"""Microsoft.Network: private DNS zones and their links to virtual networks."""

from __future__ import annotations

import base64
import re
import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.network_operations import GROUP, PROVIDER, accepted, deleted, settled
from mlflow_azure.emulator.arm.network_rules import NETWORK_TYPE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/dns/privatednszones")

ZONE_TYPE = "Microsoft.Network/privateDnsZones"
LINK_TYPE = f"{ZONE_TYPE}/virtualNetworkLinks"
_LINKS = "https://learn.microsoft.com/rest/api/dns/virtualnetworklinks"
_ZONES = GROUP + "/privateDnsZones"
ZONE = _ZONES + "/{zone}"
_LINK = ZONE + "/virtualNetworkLinks/{link}"
_ZONE_LIMITS = {
    "maxNumberOfRecordSets": 25000,
    "maxNumberOfVirtualNetworkLinks": 1000,
    "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
}
# https://learn.microsoft.com/azure/dns/private-dns-privatednszone#restrictions
_NAME = re.compile(r"(?=.{1,253}$)[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})+")


@endpoints.on("PUT", ZONE, lacks="the record of a PostgreSQL server")
async def put_zone(call: Call) -> Answer:
    """Create or update a zone (long-running)."""
    if not _NAME.fullmatch(call["zone"]):
        raise ArmError(400, "BadRequest", f"The zone name '{call['zone']}' is not valid: it needs two labels or more.")
    internal = base64.b64encode(f"ImmutableZoneIdentity;{uuid.uuid5(uuid.NAMESPACE_URL, call.id.lower())};0".encode())
    return await _write(call, {"internalId": internal.decode(), **_ZONE_LIMITS})


@endpoints.on("GET", ZONE)
async def get_zone(call: Call) -> Answer:
    """One zone."""
    return Answer(_described(call.world, await settled(call, call.id)))


@endpoints.on("DELETE", ZONE)
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
    return _zones(call, under)


@endpoints.on("GET", PROVIDER + "/privateDnsZones")
async def list_zones(call: Call) -> Answer:
    """The zones of a subscription."""
    return _zones(call, f"/subscriptions/{call['subscription']}")


@endpoints.on(
    "PUT", _LINK, reference=_LINKS, lacks="automatic registration of machines; the effect of `resolutionPolicy`"
)
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
    # Told only if it was asked for: recorded in 2025, version 2024-06-01.
    state |= {name: wanted[name] for name in ("resolutionPolicy",) if wanted.get(name)}
    return await _write(call, {"virtualNetwork": {"id": network["id"]}, **state})


@endpoints.on("GET", _LINK, reference=_LINKS)
async def get_link(call: Call) -> Answer:
    """One link."""
    return Answer(await settled(call, call.id))


@endpoints.on("DELETE", _LINK, reference=_LINKS)
async def delete_link(call: Call) -> Answer:
    """Delete a link (long-running)."""
    link = call.world.resources.find(call.id)
    return await deleted(call, link) if link else Answer(status=204)


@endpoints.on("GET", ZONE + "/virtualNetworkLinks", reference=_LINKS)
async def list_links(call: Call) -> Answer:
    """The links of a zone."""
    return Answer({"value": call.world.resources.of_type(LINK_TYPE, call.id)})


def is_linked(world: World, zone: str, network: str) -> bool:
    """Whether names of a zone can be resolved in a network."""
    links = world.resources.of_type(LINK_TYPE, zone)
    return any(each["properties"]["virtualNetwork"]["id"].lower() == network.lower() for each in links)


def record_sets(world: World, zone: Body) -> list[Body]:
    """Return the record sets of a zone that were written."""
    return [each for each in world.resources.below(zone["id"]) if each["type"] != LINK_TYPE]


def _zones(call: Call, under: str) -> Answer:
    return Answer({"value": [_described(call.world, each) for each in call.world.resources.of_type(ZONE_TYPE, under)]})


def _described(world: World, zone: Body) -> Body:
    """Return a zone with its numbers of links and of record sets; the one that it starts with counts."""
    links = [each["properties"]["registrationEnabled"] for each in world.resources.of_type(LINK_TYPE, zone["id"])]
    counted = {"numberOfVirtualNetworkLinks": len(links), "numberOfVirtualNetworkLinksWithRegistration": sum(links)}
    names = {each["id"].lower() for each in record_sets(world, zone)} | {f"{zone['id']}/SOA/@".lower()}
    return {**zone, "properties": {**zone["properties"], **counted, "numberOfRecordSets": len(names)}}


async def _write(call: Call, properties: dict[str, Any]) -> Answer:
    """Zones and links have no region but "global". Recorded in 2024, versions 2020-06-01 and 2024-06-01."""
    if str(call.body.get("location")).lower() != "global":
        raise ArmError(400, "LocationNotAvailableForResourceType", "The location of a private DNS zone is 'global'.")
    body: Body = {"id": call.id, "name": call.id.rpartition("/")[2], "type": call.type, "location": "global"}
    tags = {"tags": call.body["tags"]} if call.body.get("tags") else {}
    return await accepted(call, {**body, "etag": str(uuid.uuid4()), **tags, "properties": dict(properties)}, {})
