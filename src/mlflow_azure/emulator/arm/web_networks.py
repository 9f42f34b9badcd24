"""Microsoft.Web: the connection of a web app to a virtual network.

https://learn.microsoft.com/azure/app-service/overview-vnet-integration
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.access import allows, granted
from mlflow_azure.emulator.arm.arm_errors import ArmError, WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.network_rules import LEFT, WEB, find_subnet, services
from mlflow_azure.emulator.arm.regions import region_name
from mlflow_azure.emulator.arm.web_plans import SITE_TYPE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")

SUBNET = "virtualNetworkSubnetId"
_JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
_SITE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"
_CONNECTION = _SITE + "/networkConfig/virtualNetwork"


@endpoints.on("GET", _CONNECTION)
async def get_connection(call: Call) -> Answer:
    """The subnet that a web app is connected to, if any."""
    site = _site(call)
    return Answer(_described(call, {"subnetResourceId": site["properties"].get(SUBNET), "swiftSupported": True}))


@endpoints.on("GET", _SITE + "/virtualNetworkConnections", lacks="gateways")
async def list_connections(call: Call) -> Answer:
    """The connection of a web app, in the form of older versions: recorded in 2023, version 2022-03-01."""
    site = _site(call)
    found = find_subnet(call.world, site["properties"].get(SUBNET) or "")
    if found is None:
        return Answer([])
    network, subnet = found
    name, kind = f"{network['properties']['resourceGuid']}_{subnet['name']}", f"{SITE_TYPE}/virtualNetworkConnections"
    unset = dict.fromkeys(("certThumbprint", "certBlob", "routes", "dnsServers"))
    properties = {"vnetResourceId": subnet["id"], **unset, "resyncRequired": False, "isSwift": True}
    head = {"id": f"{site['id']}/virtualNetworkConnections/{name}", "name": name, "type": kind}
    return Answer([{**head, "location": site["location"], "properties": properties}])


@endpoints.on("DELETE", _CONNECTION)
async def delete_connection(call: Call) -> Answer:
    """Disconnect a web app."""
    site = _site(call)
    site["properties"] |= {SUBNET: None}
    return Answer()


def require_connectable(call: Call, plan: Body, subnet_id: str) -> None:
    """Refuse to connect a web app to an unsuitable subnet.

    Raises:
        ArmError: The caller may not join it, or it is missing, elsewhere, not delegated, or another plan's. The texts
            of all but the first are assumed.

    """
    if not any(allows(rules, _JOIN) for rules in granted(call.world, subnet_id)):
        raise ArmError(
            403,
            "LinkedAuthorizationFailed",
            f"The client has permission to perform action '{call.type}/write' on scope '{call.id}', however the linked "
            f"subscription was not found, or it does not have permission to perform action '{_JOIN}' on the linked "
            f"scope '{subnet_id}'.",
        )
    found = find_subnet(call.world, subnet_id)
    if found is None:
        raise WebError(404, "NotFound", f"Subnet {subnet_id} does not exist.")
    network, subnet = found
    if WEB.lower() not in {each.lower() for each in services(subnet["properties"])}:
        raise WebError(400, "BadRequest", f"Subnet {subnet['name']} has to be delegated to {WEB}.")
    if region_name(network["location"]) != region_name(plan["location"]):
        raise WebError(400, "BadRequest", f"Virtual network {network['name']} is not in the region of the plan.")
    if plan["sku"]["tier"] in ("Free", "Shared"):
        raise WebError(409, "Conflict", f"The pricing tier {plan['sku']['tier']} has no virtual network integration.")
    for site in call.world.resources.of_type(SITE_TYPE):
        properties = site["properties"]
        same = (properties.get(SUBNET) or "").lower() == subnet_id.lower()
        if same and properties["serverFarmId"].lower() != plan["id"].lower():
            # github.com/MicrosoftDocs/azure-docs/issues/29302
            raise WebError(
                409,
                "Conflict",
                f"Subnet {subnet['name']} in VNET {network['name']} is already occupied by service "
                f"{properties['serverFarmId']}.",
            )


def leave_link(world: World, site: Body) -> None:
    """Record that a web app is deleted while connected: its subnet stays in use."""
    subnet = site["properties"].get(SUBNET)
    found = find_subnet(world, subnet) if subnet else None
    if found:
        world.resources.hidden(found[0]["id"]).setdefault(LEFT, []).append(subnet)


def network_of(world: World, site_name: str) -> str | None:
    """Return the id of a web app's network."""
    site = next((each for each in world.resources.of_type(SITE_TYPE) if each["name"] == site_name), None)
    subnet = site and site["properties"].get(SUBNET)
    return subnet.lower().partition("/subnets/")[0] if subnet else None


def _site(call: Call) -> Body:
    site = call.world.resources.find(_SITE.format_map(call.params))
    if site is None:
        raise call.not_found()
    return site


def _described(call: Call, properties: dict[str, Any]) -> Body:
    return {"id": call.id, "name": "virtualNetwork", "type": call.type, "properties": properties}
