"""Microsoft.Network: virtual networks and their subnets."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import NetworkError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.network_operations import GROUP, PROVIDER, accepted, deleted, settled, written
from mlflow_azure.emulator.arm.network_rules import (
    NETWORK_TYPE,
    find_subnet,
    in_use,
    require_network,
    require_unchanged_where_used,
    services,
    users_of,
)

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks")

_SUBNETS = "https://learn.microsoft.com/rest/api/virtualnetwork/subnets"
_NETWORKS = GROUP + "/virtualNetworks"
_NETWORK = _NETWORKS + "/{network}"
_SUBNET = _NETWORK + "/subnets/{subnet}"
# Properties of a network returned only if set; they have no effect.
_KEPT = ("dhcpOptions", "encryption", "flowTimeoutInMinutes")
_KEPT_OF_SUBNET = ("defaultOutboundAccess", "sharingScope")
# What is answered with them where it was not asked for: recorded in 2023 and 2024, versions 2024-05-01 and older.
_COMPLETED: dict[str, dict[str, Any]] = {
    "dhcpOptions": {"dnsServers": []},
    "encryption": {"enforcement": "AllowUnencrypted"},
}
_LACKS = "peerings, IPv6, security groups, route tables and machines; service endpoints have no effect"


@endpoints.on("PUT", _NETWORK, lacks=_LACKS)
async def put_network(call: Call) -> Answer:
    """Create or update a network (long-running). Omitted subnets are deleted."""
    existing = call.world.resources.find(call.id)
    wanted = call.body.get("properties") or {}
    live = existing["properties"] if existing else {}
    # Without the field, they stay: https://learn.microsoft.com/rest/api/virtualnetwork, since 2023-09-01.
    subnets = wanted.get("subnets") if "subnets" in wanted else live.get("subnets")
    return await _write(call, existing, {**wanted, "subnets": subnets or []})


@endpoints.on("GET", _NETWORK)
async def get_network(call: Call) -> Answer:
    """One network."""
    return Answer(await settled(call, call.id))


@endpoints.on("DELETE", _NETWORK)
async def delete_network(call: Call) -> Answer:
    """Delete a network none of whose subnets is in use (long-running)."""
    network = call.world.resources.find(call.id)
    if network is None:
        return Answer(status=204)
    for subnet in network["properties"]["subnets"]:
        if users := list(users_of(call.world, subnet["id"])):
            raise in_use(subnet, users)
    return await deleted(call, network)


@endpoints.on("GET", _NETWORKS)
async def list_group_networks(call: Call) -> Answer:
    """The networks of a group."""
    under = f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}"
    return Answer({"value": call.world.resources.of_type(NETWORK_TYPE, under)})


@endpoints.on("GET", PROVIDER + "/virtualNetworks")
async def list_networks(call: Call) -> Answer:
    """The networks of a subscription."""
    return Answer({"value": call.world.resources.of_type(NETWORK_TYPE, f"/subscriptions/{call['subscription']}")})


@endpoints.on("PUT", _SUBNET, lacks=_LACKS, reference=_SUBNETS)
async def put_subnet(call: Call) -> Answer:
    """Create or update a subnet (long-running): 201 for a new one, recorded in 2025, version 2024-03-01."""
    network = await _network(call)
    existing = find_subnet(call.world, call.id)
    wanted = {"name": call["subnet"], "properties": call.body.get("properties") or {}}
    others = [each for each in network["properties"]["subnets"] if each["name"].lower() != call["subnet"].lower()]
    answer = await _write(call, network, {**network["properties"], "subnets": [*others, wanted]})
    body = next(each for each in answer.body["properties"]["subnets"] if each["name"].lower() == call["subnet"].lower())
    return Answer(body, 200 if existing else 201, answer.headers)


@endpoints.on("GET", _SUBNET, reference=_SUBNETS)
async def get_subnet(call: Call) -> Answer:
    """One subnet. The service itself reports a missing one: recorded in 2024, version 2024-05-01."""
    await _network(call)
    found = find_subnet(call.world, call.id)
    if found is None:
        raise NetworkError(404, "NotFound", f"Resource {call.id} not found.")
    return Answer(found[1])


@endpoints.on("GET", _NETWORK + "/subnets", reference=_SUBNETS)
async def list_subnets(call: Call) -> Answer:
    """The subnets of a network."""
    return Answer({"value": (await _network(call))["properties"]["subnets"]})


@endpoints.on("DELETE", _SUBNET, reference=_SUBNETS)
async def delete_subnet(call: Call) -> Answer:
    """Delete a subnet that is not in use (long-running, but gone at once): recorded in 2025, version 2024-03-01."""
    network = await _network(call)
    found = find_subnet(call.world, call.id)
    if found is None:
        return Answer(status=204)
    if users := list(users_of(call.world, found[1]["id"])):
        raise in_use(found[1], users)
    network["properties"]["subnets"].remove(found[1])
    return await accepted(call, network, None)


async def _network(call: Call) -> Body:
    network = call.id.partition("/subnets")[0] if "/subnets/" in call.id else call.id
    return await settled(call, network)


async def _write(call: Call, existing: Body | None, wanted: dict[str, Any]) -> Answer:
    network = tracked(call, existing) if "network" in call.params and "subnet" not in call.params else existing
    if network is None:
        raise call.not_found()
    properties = {
        "resourceGuid": existing["properties"]["resourceGuid"] if existing else str(uuid.uuid4()),
        "addressSpace": wanted.get("addressSpace"),
        "privateEndpointVNetPolicies": wanted.get("privateEndpointVNetPolicies") or "Disabled",
        "subnets": wanted["subnets"],
        "virtualNetworkPeerings": wanted.get("virtualNetworkPeerings") or [],
        "enableDdosProtection": bool(wanted.get("enableDdosProtection")),
        **{name: _completed(name, wanted[name]) for name in _KEPT if wanted.get(name) is not None},
    }
    require_network(network["name"], {**properties, "encryption": wanted.get("encryption")})
    properties["subnets"] = [_subnet(network["id"], each) for each in properties["subnets"]]
    if existing:
        require_unchanged_where_used(call.world, existing, properties)
    untagged = not network.get("tags") and "tags" not in call.body  # recorded in 2024: {} is answered with {}
    head = {name: value for name, value in network.items() if name != "tags" or not untagged}
    body = {**head, "etag": _etag(network["id"]), "properties": properties}
    return await _written(call, body, existing)


async def _written(call: Call, body: Body, existing: Body | None) -> Answer:
    """The answer says of what changes that it is being updated: recorded in 2023 to 2026, to version 2025-03-01."""
    live = existing["properties"] if existing else {"subnets": []}
    same = {**live, "provisioningState": ""} == {**body["properties"], "provisioningState": ""}
    answer = await written(call, body, 200 if existing else 201, "Succeeded" if same else "Updating")
    for subnet in () if same else answer.body["properties"]["subnets"]:
        for part in (subnet["properties"], *subnet["properties"].get("serviceEndpoints", ())):
            part["provisioningState"] = "Updating"
    return answer


def _completed(name: str, value: Any) -> Any:
    return _COMPLETED[name] | value if name in _COMPLETED else value


def _subnet(network: str, wanted: Body) -> Body:
    """Return a subnet as in the service's responses."""
    subnet_id = f"{network}/subnets/{wanted['name']}"
    properties = {
        "provisioningState": "Succeeded",
        "addressPrefix": wanted["properties"]["addressPrefix"],
        **_service_endpoints(wanted["properties"].get("serviceEndpoints")),
        "delegations": [_delegation(subnet_id, each) for each in wanted["properties"].get("delegations") or ()],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
        **{name: wanted["properties"][name] for name in _KEPT_OF_SUBNET if name in wanted["properties"]},
    }
    if len(services(properties)) > 1:
        raise NetworkError(400, "SubnetDelegationsCannotChange", f"Subnet {subnet_id} can have one delegation.")
    kind = f"{NETWORK_TYPE}/subnets"
    return {
        "name": wanted["name"],
        "id": subnet_id,
        "etag": _etag(subnet_id),
        "properties": properties,
        "type": kind,
    }


def _service_endpoints(wanted: list[Body] | None) -> dict[str, Any]:
    """Return a subnet's service endpoints; omitted if there are none."""
    if not wanted:
        return {}
    points = [{"service": each["service"], "locations": each.get("locations") or ["*"]} for each in wanted]
    return {"serviceEndpoints": [{"provisioningState": "Succeeded", **each} for each in points]}


def _delegation(subnet: str, wanted: Body) -> Body:
    return {
        "name": wanted["name"],
        "id": f"{subnet}/delegations/{wanted['name']}",
        "etag": _etag(subnet),
        "properties": {
            "provisioningState": "Succeeded",
            "serviceName": wanted["properties"]["serviceName"],
            "actions": ["Microsoft.Network/virtualNetworks/subnets/join/action"],
        },
        "type": f"{NETWORK_TYPE}/subnets/delegations",
    }


def _etag(resource_id: str) -> str:
    return f'W/"{uuid.UUID(hashlib.md5(resource_id.encode(), usedforsecurity=False).hexdigest())}"'
