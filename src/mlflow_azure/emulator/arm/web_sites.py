"""Microsoft.Web: web apps. Their configuration is in `web_config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import remove_resources
from mlflow_azure.emulator.arm.web_config_defaults import in_created_site, in_written_site
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_networks import leave_link
from mlflow_azure.emulator.arm.web_plans import (
    SITE_TYPE,
    site_name_taken,
    sites_of,
    valid_site_name,
    was_used,
    web_list,
)
from mlflow_azure.emulator.arm.web_site import described, hosts, write_site

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")

_SITES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites"
SITE = _SITES + "/{site}"
# What only the answer to a GET of one web app says: recorded in 2023 to 2026.
_NOT_SHOWN = {"privateEndpointConnections": None, "inFlightFeatures": None}


@endpoints.on("PUT", SITE, lacks="running anything but a container; the affinity cookie")
async def put_site(call: Call) -> Answer:
    """Create or update a web app, at once. Omitted properties of an existing one stay."""
    existing = call.world.resources.find(call.id)
    if existing is None:
        _require_name(call)
    written = await _write(call, existing)
    # This response does not show everything yet; later ones do.
    configuration = call.world.resources.hidden(call.id)["web"]
    written.body["properties"] |= {
        "siteConfig": in_written_site(configuration) if existing else in_created_site(configuration),
        **_NOT_SHOWN,
    }
    return written


@endpoints.on("PATCH", SITE)
async def patch_site(call: Call) -> Answer:
    """Update the given properties of a web app."""
    return await _write(call, call.resource())


@endpoints.on("GET", SITE)
async def get_site(call: Call) -> Answer:
    """One web app."""
    return Answer(described(call.world, call.resource()))


@endpoints.on("DELETE", SITE)
async def delete_site(call: Call) -> Answer:
    """Delete a web app, and its plan if that is then empty, unless `deleteEmptyServerFarm=false`."""
    site = call.world.resources.find(call.id)
    if site is None:
        return Answer(status=204)
    plan = site["properties"]["serverFarmId"]
    leave_link(call.world, site)
    await remove_resources(call.world, call.id)
    was_used(call.world, plan, site["name"])
    if call.query.get("deleteemptyserverfarm", "true").lower() != "false" and not sites_of(call.world, plan):
        call.world.resources.remove(plan)
    return Answer()


@endpoints.on("GET", "/subscriptions/{subscription}/providers/Microsoft.Web/sites")
async def list_sites(call: Call) -> Answer:
    """The web apps of a subscription."""
    return _list(call, f"/subscriptions/{call['subscription']}")


@endpoints.on("GET", _SITES)
async def list_group_sites(call: Call) -> Answer:
    """The web apps of a group."""
    return _list(call, f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}")


@endpoints.on("GET", SITE + "/slots", lacks="slots cannot be made")
async def list_slots(call: Call) -> Answer:
    """The additional deployment slots of a web app: none."""
    _site(call)
    return Answer(web_list([]))


@endpoints.on("GET", SITE + "/hostNameBindings", lacks="custom host names")
async def list_host_names(call: Call) -> Answer:
    """The host names of a web app: its own."""
    site = _site(call)
    host, _ = hosts(call.world, site)
    binding = {
        "id": f"{site['id']}/hostNameBindings/{host}",
        "name": f"{site['name']}/{host}",
        "type": f"{SITE_TYPE}/hostNameBindings",
        "location": site["location"],
        "properties": {"siteName": site["name"], "domainId": None, "hostNameType": "Verified"},
    }
    return Answer(web_list([binding]))


@endpoints.on("POST", SITE + "/restart")
async def restart_site(call: Call) -> Answer:
    """Restart a web app."""
    await call.world.runtime.sites.restart(call.resource()["name"])
    return Answer()


@endpoints.on("POST", SITE + "/stop")
async def stop_site(call: Call) -> Answer:
    """Stop a web app. It stays enabled: recorded in 2023 and 2024, version 2023-01-01."""
    call.world.resources.hidden(call.resource()["id"])["stopped"] = True
    await run_site(call.world, call.resource())
    return Answer()


@endpoints.on("POST", SITE + "/start")
async def start_site(call: Call) -> Answer:
    """Start a web app."""
    call.resource()["properties"]["enabled"] = True
    call.world.resources.hidden(call.id)["stopped"] = False
    await run_site(call.world, call.resource())
    return Answer()


def _site(call: Call) -> Body:
    site = call.world.resources.find(SITE.format_map(call.params))
    if site is None:
        raise call.not_found()
    return site


async def _write(call: Call, existing: Body | None) -> Answer:
    site = write_site(call, existing)
    await run_site(call.world, site)
    return Answer(described(call.world, site))


def _list(call: Call, under: str) -> Answer:
    sites = call.world.resources.of_type(SITE_TYPE, under)
    listed = [described(call.world, site) for site in sites]
    return Answer(web_list([{**each, "properties": each["properties"] | _NOT_SHOWN} for each in listed]))


def _require_name(call: Call) -> None:
    name = call["site"]
    if not valid_site_name(name):
        raise WebError(400, "BadRequest", f"The parameter name has an invalid value: {name}.")
    if site_name_taken(call.world, name):
        raise WebError(409, "Conflict", f"Website with given name {name} already exists.")
