"""Microsoft.Web: the configuration of a web app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_auth_defaults import auth_settings, unused_auth_settings
from mlflow_azure.emulator.arm.web_config_defaults import in_configuration, new_slot_names, written_logs
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_identity import numbers_of
from mlflow_azure.emulator.arm.web_mounts import with_states
from mlflow_azure.emulator.arm.web_site import configure
from mlflow_azure.emulator.arm.web_sites import SITE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")

_CONFIG = SITE + "/config"


@endpoints.on("GET", _CONFIG + "/web")
async def get_configuration(call: Call) -> Answer:
    """The general configuration."""
    return Answer(_configuration(call, "web", _general(call)) | {"name": site_of(call)["name"]})


@endpoints.on("PUT", _CONFIG + "/web", lacks="most of it is stored without effect")
@endpoints.on("PATCH", _CONFIG + "/web", lacks="most of it is stored without effect")
async def put_configuration(call: Call) -> Answer:
    """Update the given properties of the general configuration.

    App Service responds with the id and type of the site itself: recorded in 2023 and 2024, version 2023-01-01.
    """
    await _configure(call)
    site = site_of(call)
    return Answer(_head(site) | {key: site[key] for key in ("id", "name", "type")} | {"properties": _general(call)})


@endpoints.on("PUT", _CONFIG + "/appsettings")
async def put_app_settings(call: Call) -> Answer:
    """Replace all app settings."""
    return await _replace(call, "appsettings", _strings(call))


@endpoints.on("PUT", _CONFIG + "/connectionstrings", lacks="the container does not get them")
async def put_connection_strings(call: Call) -> Answer:
    """Replace all connection strings."""
    return await _replace(call, "connectionstrings", properties_of(call))


@endpoints.on("PUT", _CONFIG + "/metadata")
async def put_metadata(call: Call) -> Answer:
    """Replace all metadata."""
    return await _replace(call, "metadata", _strings(call))


@endpoints.on("PUT", _CONFIG + "/logs", lacks="it has no effect: the container's log is always kept")
async def put_logs(call: Call) -> Answer:
    """Replace the log settings; part of them is in the general configuration, too."""
    logs = written_logs(properties_of(call))
    hidden_of(call)["web"] |= in_configuration(logs)
    return await _replace(call, "logs", logs)


@endpoints.on("GET", _CONFIG + "/logs")
async def get_logs(call: Call) -> Answer:
    """The log settings."""
    return Answer(_configuration(call, "logs", hidden_of(call)["logs"]))


@endpoints.on("PUT", _CONFIG + "/slotConfigNames", lacks="slots")
async def put_slot_names(call: Call) -> Answer:
    """Replace the names of the settings that stay with a slot."""
    await _replace(call, "slotConfigNames", {name: properties_of(call).get(name) or [] for name in new_slot_names()})
    return await get_slot_names(call)


@endpoints.on("GET", _CONFIG + "/slotConfigNames")
async def get_slot_names(call: Call) -> Answer:
    """The names of the settings that stay with a slot. App Service returns the name and type of the site, and no id."""
    site, names = site_of(call), hidden_of(call)["slotConfigNames"]
    return Answer(_head(site) | {"id": None, "name": site["name"], "type": site["type"], "properties": names})


@endpoints.on("PUT", _CONFIG + "/azurestorageaccounts", lacks="mounts of blob containers")
async def put_mounts(call: Call) -> Answer:
    """Replace all mounts. A broken mount is stored anyway; its `state` says so."""
    await _replace(call, "azurestorageaccounts", properties_of(call))
    return _mounts(call, "azurestorageaccounts")


@endpoints.on("POST", _CONFIG + "/azurestorageaccounts/list")
async def list_mounts(call: Call) -> Answer:
    """The mounts, with their keys. Azure returns them with the id of the app settings."""
    return _mounts(call, "appsettings")


@endpoints.on("PUT", _CONFIG + "/authsettings", lacks="they have no effect: the second version counts")
async def put_auth_settings(call: Call) -> Answer:
    """Replace the sign-in settings of the first version."""
    return await _replace(call, "authsettings", auth_settings(properties_of(call)))


@endpoints.on("PUT", _CONFIG + "/authsettingsV2", lacks="identity providers other than Microsoft Entra")
async def put_auth_settings_v2(call: Call) -> Answer:
    """Replace the sign-in settings."""
    return await _replace(call, "authsettingsV2", properties_of(call))


@endpoints.on("GET", _CONFIG + "/authsettingsV2", reference="")
@endpoints.on("GET", _CONFIG + "/authsettingsV2/list", reference="")
async def get_auth_settings_v2(call: Call) -> Answer:
    """The sign-in settings."""
    return Answer(_configuration(call, "authsettingsV2", hidden_of(call)["authsettingsV2"]))


@endpoints.on("POST", _CONFIG + "/{kind}/list", lacks="backup and push settings")
async def list_configuration(call: Call) -> Answer:
    """A configuration with secrets: app settings, connection strings, metadata, sign-in settings."""
    hidden = hidden_of(call)
    kind = next((name for name in hidden if name.lower() == call["kind"].lower()), None)
    if kind not in ("appsettings", "connectionstrings", "metadata", "authsettings"):
        raise WebError(404, "NotFound", f"Cannot find configuration with name {call['kind']}.")
    return Answer(_configuration(call, kind, hidden[kind]))


def site_of(call: Call) -> Body:
    """Return the web app of a request below it.

    Raises:
        ArmError: It does not exist.

    """
    site = call.world.resources.find(SITE.format_map(call.params))
    if site is None:
        raise call.not_found()
    return site


def hidden_of(call: Call) -> dict[str, Any]:
    """Return the web app's hidden data: its configurations by name, and its publishing credentials."""
    return call.world.resources.hidden(site_of(call)["id"])


def properties_of(call: Call) -> dict[str, Any]:
    """Return the `properties` of a request.

    Raises:
        WebError: It has none.

    """
    properties = call.body.get("properties")
    if not isinstance(properties, dict):
        raise WebError(400, "BadRequest", "The parameter properties has an invalid value.")
    return properties


def _strings(call: Call) -> dict[str, str]:
    properties = properties_of(call)
    wrong = [name for name, value in properties.items() if not isinstance(value, str)]
    if wrong:
        raise WebError(400, "BadRequest", f"The parameter {wrong[0]} has an invalid value: a string is expected.")
    return properties


async def _configure(call: Call) -> None:
    configure(call.world, site_of(call), properties_of(call))
    configuration = hidden_of(call)["web"]
    # Null until the configuration is first written; recorded in 2024, when the version was VS2019.
    configuration["remoteDebuggingVersion"] = configuration.get("remoteDebuggingVersion") or "VS2022"
    await run_site(call.world, site_of(call))


async def _replace(call: Call, kind: str, properties: dict[str, Any]) -> Answer:
    hidden_of(call)[kind] = properties
    await run_site(call.world, site_of(call))
    return Answer(_configuration(call, kind, properties))


def _configuration(call: Call, kind: str, properties: dict[str, Any]) -> Body:
    site = site_of(call)
    of_site = {"id": f"{site['id']}/config/{kind}", "name": kind, "type": "Microsoft.Web/sites/config"}
    return _head(site) | of_site | {"properties": properties}


def _head(site: Body) -> Body:
    """Return what a configuration repeats of its site: the location, and tags if any."""
    return {name: site[name] for name in ("location", "tags") if site[name]}


def _general(call: Call) -> dict[str, Any]:
    """Return the general configuration, which repeats some of the sign-in settings."""
    hidden = hidden_of(call)
    signs_in = bool(hidden["authsettings"]["enabled"] or hidden["authsettingsV2"].get("platform", {}).get("enabled"))
    configuration: dict[str, Any] = hidden["web"]
    # Recorded in 2023 and 2024, version 2023-01-01: tracing that nobody said the end of.
    traced = {"requestTracingExpirationTime": "9999-12-31T23:59:00Z"} if configuration["requestTracingEnabled"] else {}
    signing_in = {"siteAuthEnabled": signs_in, "siteAuthSettings": unused_auth_settings()}
    return traced | configuration | signing_in | numbers_of(site_of(call).get("identity") or {})


def _mounts(call: Call, kind: str) -> Answer:
    mounts = with_states(call.world, hidden_of(call)["azurestorageaccounts"])
    return Answer({**_configuration(call, kind, mounts), "name": "azurestorageaccounts"})
