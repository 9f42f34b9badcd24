"""Microsoft.Web: App Service plans, and the names of web apps."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.quota import PLAN_TYPE, over_quota, require_cores, require_quota
from mlflow_azure.emulator.arm.region_places import WITHOUT_ZONES
from mlflow_azure.emulator.arm.regions import display_name, region_name
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_plan_defaults import SETTABLE, TIERS, as_written, kind_of_plan, plan_fields

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/app-service-plans")

_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Web"
_PLANS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/serverfarms"
PLAN = _PLANS + "/{plan}"
SITE_TYPE = "Microsoft.Web/sites"
_NAME = re.compile(r"[0-9a-zA-Z-]{1,60}")
_SITE_NAME = re.compile(r"(?=.{2,60}$)[0-9a-zA-Z]([0-9a-zA-Z-]*[0-9a-zA-Z])?")


@endpoints.on("POST", _PROVIDER + "/checknameavailability")
async def check_name(call: Call) -> Answer:
    """Whether a web app's name is globally free."""
    name = str(call.body.get("name", ""))
    if not valid_site_name(name):
        reason, message = "Invalid", f"The site name '{name}' is not valid."
    elif site_name_taken(call.world, name):
        reason, message = (
            "AlreadyExists",
            f"Hostname '{name}' already exists. Please select a different name.",
        )
    else:
        reason, message = "", ""
    return Answer({"nameAvailable": not reason, "reason": reason, "message": message})


@endpoints.on("POST", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/validate")
async def validate(call: Call) -> Answer:
    """Whether a plan could be created. Exceeding the quota has its own code here.

    https://learn.microsoft.com/rest/api/appservice/validate/validate; the code, from the validation of a template:
    github.com/OfficeDev/microsoft-teams-emergency-operations-center/issues/100.
    """
    asked = call.body.get("properties") or {}
    wanted = {"sku": {"name": asked.get("skuName", "F1"), "capacity": asked.get("capacity")}}
    message = over_quota(call.world, _sku(wanted, None))
    if call.body.get("type", "").lower() != "serverfarm" or not message:
        return Answer({"status": "Success", "error": None})
    return Answer({"status": "Failure", "error": {"code": "SubscriptionIsOverQuotaForSku", "message": message}})


@endpoints.on("PUT", PLAN, lacks="isolated, consumption and workflow plans; scaling by site or by load")
async def put_plan(call: Call) -> Answer:
    """Create or update a plan, at once."""
    existing = call.world.resources.find(call.id)
    if not _NAME.fullmatch(call["plan"]):
        raise WebError(400, "BadRequest", f"The plan name '{call['plan']}' is not valid.")
    sku = _sku(call.body, existing)
    if existing is None:
        _require_zones(call)
        require_quota(call.world, sku)
    require_cores(call.world, call.id, call.body.get("location") or (existing or {}).get("location", ""), sku)
    plan = await _keep(call.world, _plan(call, existing, sku))
    location = call.body.get("location") or plan["location"]
    return Answer(as_written(_described(call.world, plan), location, new=existing is None))


@endpoints.on("PATCH", PLAN)
async def patch_plan(call: Call) -> Answer:
    """Update the given properties of a plan."""
    existing = call.resource()
    sku = _sku(call.body, existing)
    require_cores(call.world, call.id, existing["location"], sku)
    plan = await _keep(call.world, _plan(call, existing, sku))
    return Answer(_described(call.world, plan))


@endpoints.on("GET", PLAN)
async def get_plan(call: Call) -> Answer:
    """One plan. If it does not exist, App Service itself responds with 404."""
    return Answer(_described(call.world, call.resource()))


@endpoints.on("DELETE", PLAN)
async def delete_plan(call: Call) -> Answer:
    """Delete a plan without sites. A just deleted site may still count.

    github.com/hashicorp/terraform-provider-azurerm/issues/13377 and 8241.
    """
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    sites = [site["name"] for site in sites_of(call.world, call.id)]
    if call.world.quirks.strikes("plan_in_use", call.id):
        sites.append(call.world.resources.hidden(call.id)["lastSite"])
    if sites:
        raise WebError(
            409,
            "Conflict",
            f"Server farm '{call['plan']}' cannot be deleted because it has web app(s) {','.join(sites)} assigned "
            "to it.",
        )
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("GET", _PROVIDER + "/serverfarms")
async def list_plans(call: Call) -> Answer:
    """The plans of a subscription."""
    return _list(call, f"/subscriptions/{call['subscription']}")


@endpoints.on("GET", _PLANS)
async def list_group_plans(call: Call) -> Answer:
    """The plans of a group."""
    return _list(call, f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}")


@endpoints.on("GET", PLAN + "/sites")
async def list_plan_sites(call: Call) -> Answer:
    """The sites on a plan."""
    return Answer(web_list(sites_of(call.world, call.id.removesuffix("/sites"))))


def _require_zones(call: Call) -> None:
    """Refuse a plan across zones in a region that has none: recorded in 2023 and 2024, version 2023-01-01."""
    wanted = (call.body.get("properties") or {}).get("zoneRedundant")
    if wanted and region_name(call.body.get("location", "")) in WITHOUT_ZONES:
        message = "Requested features are not supported in region. Please try another region."
        raise WebError(400, "BadRequest", message, "59911")


async def _keep(world: World, plan: Body) -> Body:
    """Store a plan; its sites get as many instances as it has machines."""
    world.resources.put(plan)
    for site in sites_of(world, plan["id"]):
        await run_site(world, site)
    return plan


async def set_capacity(world: World, plan: Body, machines: int) -> None:
    """Set a plan's number of machines."""
    if plan["sku"]["capacity"] == machines:
        return
    numbers = dict.fromkeys(("numberOfWorkers", "currentNumberOfWorkers"), machines)
    sku = {**plan["sku"], "capacity": machines}
    await _keep(world, {**plan, "sku": sku, "properties": {**plan["properties"], **numbers}})


def sites_of(world: World, plan_id: str) -> list[Body]:
    """Return the sites on a plan."""
    return [
        site
        for site in world.resources.of_type(SITE_TYPE)
        if site["properties"]["serverFarmId"].lower() == plan_id.lower()
    ]


def was_used(world: World, plan_id: str, site: str) -> None:
    """Record that a site of this plan was deleted."""
    if world.resources.find(plan_id):
        world.resources.hidden(plan_id)["lastSite"] = site
        world.quirks.begin("plan_in_use", plan_id)


def valid_site_name(name: str) -> bool:
    """Whether a web app may have this name."""
    return _SITE_NAME.fullmatch(name) is not None


def site_name_taken(world: World, name: str) -> bool:
    """Whether any web app in the world has this name."""
    own = {site["name"].lower() for site in world.resources.of_type(SITE_TYPE)}
    return name.lower() in own | world.names_taken("site")


def _list(call: Call, under: str) -> Answer:
    plans = call.world.resources.of_type(PLAN_TYPE, under)
    return Answer(web_list([_described(call.world, plan) for plan in plans]))


def _described(world: World, plan: Body) -> Body:
    counted = {**plan["properties"], "numberOfSites": len(sites_of(world, plan["id"])), "tags": plan["tags"] or None}
    return without_empty_tags({**plan, "properties": counted})


def without_empty_tags(body: Body) -> Body:
    """Return a body without `tags` if there are none: App Service omits them, other services return them empty."""
    return {name: value for name, value in body.items() if value or name != "tags"}


def web_list(value: list[Body]) -> Body:
    """Return a list in App Service's format."""
    return {"value": value, "nextLink": None, "id": None}


def _sku(body: Body, existing: Body | None) -> dict[str, Any]:
    wanted = body.get("sku") or {}
    if not wanted and existing:
        sku: dict[str, Any] = existing["sku"]
        return sku
    name = next((size for size in TIERS if size.lower() == str(wanted.get("name", "F1")).lower()), None)
    if name is None:
        raise WebError(400, "BadRequest", f"The parameter SKU has an invalid value: {wanted.get('name')}.")
    return {
        "name": name,
        "tier": TIERS[name],
        "size": name,
        "family": re.sub(r"\d", "", name, count=1),
        "capacity": int(wanted.get("capacity") or 1),
    }


def _plan(call: Call, existing: Body | None, sku: dict[str, Any]) -> Body:
    head = tracked(call, existing)
    region = display_name(head["location"])
    wanted = call.body.get("properties") or {}
    live = existing["properties"] if existing else {}
    linux = bool(wanted.get("reserved", live.get("reserved", False)))
    containers = bool(wanted.get("hyperV", live.get("hyperV", False)))
    kind = kind_of_plan(sku["tier"], linux=linux, windows_containers=containers)
    head |= {"location": region, "kind": kind, "sku": sku}
    head["properties"] = {
        **plan_fields(head["id"], sku, linux=linux),
        **{name: live.get(name, default) for name, default in SETTABLE.items()},
        **{name: wanted[name] for name in SETTABLE if wanted.get(name) is not None},
        **({"elasticScaleEnabled": True} if kind == "elastic" else {}),
        "isXenon": containers,  # recorded in 2024: another word for Windows containers
        "name": head["name"],
        "webSpace": webspace(call["group"], region, linux=linux),
        "subscription": call["subscription"],
        "geoRegion": region,
        "kind": head["kind"],
        "resourceGroup": call["group"],
        "reserved": linux,
        "createdTime": live.get("createdTime") or datetime.now(UTC).replace(tzinfo=None).isoformat(),
    }
    return head


def webspace(group: str, region: str, *, linux: bool) -> str:
    """Return the webspace of a group's plans in a region."""
    return f"{group}-{region.replace(' ', '')}webspace{'-Linux' if linux else ''}"
