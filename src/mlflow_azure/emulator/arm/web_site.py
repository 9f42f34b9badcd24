"""A web app: its stored data, the effect of requests, and its form in responses."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.regions import display_name
from mlflow_azure.emulator.arm.web_auth_defaults import new_auth_settings, new_auth_settings_v2
from mlflow_azure.emulator.arm.web_config_defaults import (
    ALLOW_ALL,
    DENY_ALL,
    complete_applications,
    in_site,
    new_configuration,
    new_logs,
    new_slot_names,
)
from mlflow_azure.emulator.arm.web_identity import written_identity
from mlflow_azure.emulator.arm.web_networks import SUBNET, require_connectable
from mlflow_azure.emulator.arm.web_plans import webspace, without_empty_tags
from mlflow_azure.emulator.arm.web_site_defaults import (
    SETTABLE,
    routes,
    site_fields,
    site_properties,
    ssl_state,
    with_single_routes,
)

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Call
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

_DEFAULT = "DefaultAction"
_RULES = ("ipSecurityRestrictions", "scmIpSecurityRestrictions")


def write_site(call: Call, existing: Body | None) -> Body:
    """Create the site of a request, or update the given properties of an existing one.

    Raises:
        ArmError: The region, the plan or the configuration is refused.

    """
    world, wanted = call.world, with_single_routes(call.body.get("properties") or {})
    live = existing["properties"] if existing else SETTABLE
    site = tracked(call, existing)
    plan = _plan(call, wanted.get("serverFarmId") or live.get("serverFarmId"))
    site["location"] = display_name(site["location"])
    site["kind"] = call.body.get("kind") or (existing["kind"] if existing else "app")
    site |= written_identity(call, existing)
    site["properties"] = live | {name: wanted[name] for name in SETTABLE if wanted.get(name) is not None}
    site["properties"] |= {
        "serverFarmId": plan["id"],
        "reserved": plan["properties"]["reserved"],
        "lastModifiedTimeUtc": datetime.now(UTC).isoformat(),
    }
    _require_allowed(plan, wanted.get("siteConfig") or {})
    if subnet := wanted.get(SUBNET):
        require_connectable(call, plan, subnet)
    world.resources.put(site)
    for kind, value in _new_hidden(site["name"]).items():
        world.resources.hidden(site["id"]).setdefault(kind, value)
    configure(world, site, wanted.get("siteConfig") or {})
    return site


def configure(world: World, site: Body, wanted: dict[str, Any]) -> None:
    """Update a site's configuration; omitted and null properties stay.

    Raises:
        ArmError: The plan does not allow it.

    """
    hidden = world.resources.hidden(site["id"])
    named = {name: value for name, value in wanted.items() if value is not None}
    plan = world.resources.find(site["properties"]["serverFarmId"])
    if plan:
        _require_allowed(plan, named)
    if "appSettings" in named:
        hidden["appsettings"] = _settings(named.pop("appSettings"))
    mounts = named.pop("azureStorageAccounts", None)
    if mounts:  # `az` sends back the empty object that it got: this does not mean to unmount everything
        hidden["azurestorageaccounts"] = mounts
    if not named.get("functionAppScaleLimit"):  # recorded in 2023: 0 is as good as left out
        named.pop("functionAppScaleLimit", None)
    if "virtualApplications" in named:
        named["virtualApplications"] = complete_applications(named["virtualApplications"])
    if "cors" in named:
        named["cors"] = {"allowedOrigins": [], "supportCredentials": False, **named["cors"]}
    hidden["web"] |= named
    hidden["web"] |= {
        rules: _closed(hidden["web"], rules) for rules in _RULES if {rules, rules + _DEFAULT} & named.keys()
    }
    site["kind"] = _kind(site, hidden["web"])


def described(world: World, site: Body) -> Body:
    """Return a site as in App Service's responses: its stored data, and derived fields."""
    kept, configuration = site["properties"], world.resources.hidden(site["id"])["web"]
    host, scm = hosts(world, site)
    plan = world.resources.find(kept["serverFarmId"])
    group, state = site["id"].split("/")[4], _state(world, site)
    space = webspace(group, site["location"], linux=kept["reserved"])
    properties = {
        **site_fields(site["name"], site["id"].split("/")[2], space),
        **SETTABLE,
        **kept,
        "name": site["name"],
        "state": state,
        "storageRecoveryDefaultState": state,
        "hostNames": [host],
        "enabledHostNames": [host, scm],
        "hostNameSslStates": [ssl_state(host, "Standard"), ssl_state(scm, "Repository")],
        "defaultHostName": host,
        "webSpace": space,
        "outboundVnetRouting": routes(kept),
        "isXenon": plan is not None and plan["properties"].get("isXenon", False),
        "hyperV": plan is not None and plan["properties"].get("hyperV", False),
        "siteProperties": site_properties(configuration),
        "siteConfig": in_site(configuration),
        "sku": plan["sku"]["tier"] if plan else None,
        "resourceGroup": group,
        "kind": site["kind"],
        "tags": site["tags"] or None,
    }
    return without_empty_tags({**site, "properties": properties})


def hosts(world: World, site: Body) -> tuple[str, str]:
    """Return the host names (with ports) of the site and its SCM site."""
    name = site["name"]
    return f"localhost:{world.ports.of(f'site/{name}')}", f"localhost:{world.ports.of(f'scm/{name}')}"


def _new_hidden(name: str) -> dict[str, Any]:
    """Return the hidden data of a new site: its configurations by name, and its publishing credentials."""
    return {
        "web": new_configuration(name),
        "appsettings": {},
        "azurestorageaccounts": {},
        "connectionstrings": {},
        "metadata": {},
        "logs": new_logs(),
        "authsettings": new_auth_settings(),
        "authsettingsV2": new_auth_settings_v2(),
        "slotConfigNames": new_slot_names(),
        # Basic authentication of the SCM and FTP sites is off on new sites.
        "basicPublishingCredentialsPolicies": {"scm": False, "ftp": False},
        "publishingPassword": secrets.token_urlsafe(45),
    }


def _plan(call: Call, plan_id: str | None) -> Body:
    if plan_id and "/" not in plan_id:  # a name is enough for one of the same group: recorded in 2023 and 2025
        plan_id = f"{call.id.rpartition('/sites/')[0]}/serverfarms/{plan_id}"
    plan = call.world.resources.find(plan_id or "")
    if plan is None:
        name = (plan_id or "").rpartition("/")[2]
        # Recorded in 2026, version 2022-03-01.
        raise WebError(404, "NotFound", "Cannot find {0} with name {1}.", "51004", "serverFarm", name)
    return plan


def _settings(pairs: list[dict[str, Any]]) -> dict[str, str]:
    """Return the app settings of a site's configuration. A value may be missing: the SDK omits None."""
    if not all(isinstance(pair, dict) and pair.get("name") for pair in pairs):
        raise WebError(400, "BadRequest", "The parameter appSettings has an invalid value: each one needs a name.")
    return {pair["name"]: str(pair.get("value") or "") for pair in pairs}


def _require_allowed(plan: Body, configuration: dict[str, Any]) -> None:
    if configuration.get("alwaysOn") and plan["sku"]["tier"] in ("Free", "Shared"):
        raise WebError(
            409,
            "Conflict",
            "There was a conflict. AlwaysOn cannot be set for this site as the plan does not allow it. For more "
            "information on pricing and features, please see: https://aka.ms/appservicepricingdetails ",
        )


def _closed(configuration: dict[str, Any], rules: str) -> list[dict[str, Any]]:
    """Access rules as App Service keeps them: with its own last one, for what no rule lets in.

    That is let in where there are no rules, unless the default action says otherwise: recorded in 2023 and 2024.
    """
    own = [rule for rule in configuration[rules] if rule.get("priority") != ALLOW_ALL["priority"]]
    complete = [{"action": "Allow", "tag": "Default", "priority": 65000, **rule} for rule in own]
    default = configuration.get(rules + _DEFAULT) or ("Deny" if own else "Allow")
    return [*complete, DENY_ALL if default == "Deny" else ALLOW_ALL]


def _kind(site: Body, configuration: dict[str, Any]) -> str:
    """What a site is called: seen in recordings of 2023 to 2026. A function app is one where the request says so."""
    app, linux = "functionapp" if "functionapp" in site["kind"] else "app", site["properties"]["reserved"]
    image = str(configuration["linuxFxVersion" if linux else "windowsFxVersion"] or "")
    if not image.upper().startswith(("DOCKER|", "COMPOSE|")):
        return f"{app},linux" if linux else app
    return f"{app},linux,container" if linux else f"{app},container,windows"


def _state(world: World, site: Body) -> str:
    """Whether it runs. One that is not enabled is no stopped one: recorded in 2026, version 2022-03-01."""
    if not site["properties"]["enabled"]:
        return "Disabled"
    return "Stopped" if world.resources.hidden(site["id"]).get("stopped") else "Running"
