"""Microsoft.Web: the configuration of a web app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_mounts import with_states
from mlflow_azure.emulator.arm.web_site import configure, hosts
from mlflow_azure.emulator.arm.web_sites import SITE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints()

_CONFIG = SITE + "/config"
_POLICY = SITE + "/basicPublishingCredentialsPolicies/{policy}"


@endpoints.on("GET", _CONFIG + "/web")
async def get_configuration(call: Call) -> Answer:
    """The general configuration."""
    return Answer(_configuration(call, "web", _hidden(call)["web"]))


@endpoints.on("PUT", _CONFIG + "/web")
async def put_configuration(call: Call) -> Answer:
    """Take over what the request names of the general configuration."""
    await _configure(call)
    return await get_configuration(call)


@endpoints.on("PATCH", _CONFIG + "/web")
async def patch_configuration(call: Call) -> Answer:
    """Like the PUT; App Service answers with the id and type of the site itself."""
    await _configure(call)
    site = _site(call)
    return Answer({key: site[key] for key in ("id", "name", "type", "location")} | {"properties": _hidden(call)["web"]})


@endpoints.on("PUT", _CONFIG + "/appsettings")
async def put_app_settings(call: Call) -> Answer:
    """Replace all app settings."""
    return await _replace(call, "appsettings", _strings(call))


@endpoints.on("PUT", _CONFIG + "/connectionstrings")
async def put_connection_strings(call: Call) -> Answer:
    """Replace all connection strings."""
    return await _replace(call, "connectionstrings", _properties(call))


@endpoints.on("PUT", _CONFIG + "/metadata")
async def put_metadata(call: Call) -> Answer:
    """Replace all metadata."""
    return await _replace(call, "metadata", _strings(call))


@endpoints.on("PUT", _CONFIG + "/logs")
async def put_logs(call: Call) -> Answer:
    """Replace what is logged where."""
    return await _replace(call, "logs", _properties(call))


@endpoints.on("GET", _CONFIG + "/logs")
async def get_logs(call: Call) -> Answer:
    """What is logged where."""
    return Answer(_configuration(call, "logs", _hidden(call)["logs"]))


@endpoints.on("PUT", _CONFIG + "/slotConfigNames")
async def put_slot_names(call: Call) -> Answer:
    """Replace the names of the settings that stay with a slot."""
    return await _replace(call, "slotConfigNames", _properties(call))


@endpoints.on("GET", _CONFIG + "/slotConfigNames")
async def get_slot_names(call: Call) -> Answer:
    """The names of the settings that stay with a slot."""
    return Answer(_configuration(call, "slotConfigNames", _hidden(call)["slotConfigNames"]))


@endpoints.on("PUT", _CONFIG + "/azurestorageaccounts")
async def put_mounts(call: Call) -> Answer:
    """Replace all mounts. A mount that cannot work is kept all the same; its `state` says so."""
    await _replace(call, "azurestorageaccounts", _properties(call))
    return _mounts(call, "azurestorageaccounts")


@endpoints.on("POST", _CONFIG + "/azurestorageaccounts/list")
async def list_mounts(call: Call) -> Answer:
    """The mounts, with their keys. Azure gives this answer the id of the app settings."""
    return _mounts(call, "appsettings")


@endpoints.on("PUT", _CONFIG + "/authsettings")
async def put_auth_settings(call: Call) -> Answer:
    """Replace the sign-in settings of the first version."""
    return await _replace(call, "authsettings", _properties(call))


@endpoints.on("PUT", _CONFIG + "/authsettingsV2")
async def put_auth_settings_v2(call: Call) -> Answer:
    """Replace the sign-in settings."""
    return await _replace(call, "authsettingsV2", _properties(call))


@endpoints.on("GET", _CONFIG + "/authsettingsV2")
@endpoints.on("GET", _CONFIG + "/authsettingsV2/list")
async def get_auth_settings_v2(call: Call) -> Answer:
    """The sign-in settings."""
    return Answer(_configuration(call, "authsettingsV2", _hidden(call)["authsettingsV2"]))


@endpoints.on("POST", _CONFIG + "/publishingcredentials/list")
async def list_publishing_credentials(call: Call) -> Answer:
    """User name and password of the SCM site."""
    site = _site(call)
    user, password, (_, scm) = (
        f"${site['name']}",
        _hidden(call)["publishingPassword"],
        hosts(call.world, site),
    )
    properties = {
        "name": None,
        "publishingUserName": user,
        "publishingPassword": password,
        "scmUri": f"https://{user}:{password}@{scm}",
    }
    return Answer(
        {
            "id": f"{site['id']}/publishingcredentials/{user}",
            "name": site["name"],
            "type": "Microsoft.Web/sites/publishingcredentials",
            "location": site["location"],
            "properties": properties,
        }
    )


@endpoints.on("POST", _CONFIG + "/{kind}/list")
async def list_configuration(call: Call) -> Answer:
    """A configuration that holds secrets: app settings, connection strings, metadata, sign-in settings."""
    hidden = _hidden(call)
    kind = next((name for name in hidden if name.lower() == call["kind"].lower()), None)
    if kind not in ("appsettings", "connectionstrings", "metadata", "authsettings"):
        raise WebError(404, "NotFound", f"Cannot find configuration with name {call['kind']}.")
    return Answer(_configuration(call, kind, hidden[kind]))


@endpoints.on("POST", SITE + "/publishxml")
async def publishing_profile(call: Call) -> Answer:
    """The publishing profile, in which `az` looks for the URL of a new site."""
    site = _site(call)
    host, scm = hosts(call.world, site)
    user, password = f"${site['name']}", _hidden(call)["publishingPassword"]
    profile = {
        "profileName": f"{site['name']} - Web Deploy",
        "publishMethod": "MSDeploy",
        "publishUrl": scm,
        "userName": user,
        "userPWD": password,
        "destinationAppUrl": f"http://{host}",
        "webSystem": "WebSites",
    }
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in profile.items())
    document = f"<publishData><publishProfile {attributes}><databases /></publishProfile></publishData>"
    return Answer(document, media_type="application/xml")


@endpoints.on("GET", SITE + "/basicPublishingCredentialsPolicies")
async def list_publishing_policies(call: Call) -> Answer:
    """Whether the SCM and the FTP site take a user name and password."""
    names = _hidden_of(call, _site(call))["basicPublishingCredentialsPolicies"]
    return Answer({"value": [_policy(call, name) for name in names]})


@endpoints.on("GET", _POLICY)
async def get_publishing_policy(call: Call) -> Answer:
    """Whether the SCM or the FTP site takes a user name and password."""
    return Answer(_policy(call, call["policy"]))


@endpoints.on("PUT", _POLICY)
async def put_publishing_policy(call: Call) -> Answer:
    """Let the SCM or the FTP site take a user name and password, or not."""
    _policy(call, call["policy"])
    _hidden(call)["basicPublishingCredentialsPolicies"][call["policy"]] = bool(_properties(call).get("allow"))
    await run_site(call.world, _site(call))
    return Answer(_policy(call, call["policy"]))


def _site(call: Call) -> Body:
    site = call.world.resources.find(SITE.format_map(call.params))
    if site is None:
        raise call.not_found()
    return site


def _hidden_of(call: Call, site: Body) -> dict[str, Any]:
    return call.world.resources.hidden(site["id"])


def _hidden(call: Call) -> dict[str, Any]:
    return _hidden_of(call, _site(call))


def _properties(call: Call) -> dict[str, Any]:
    properties = call.body.get("properties")
    if not isinstance(properties, dict):
        raise WebError(400, "BadRequest", "The parameter properties has an invalid value.")
    return properties


def _strings(call: Call) -> dict[str, str]:
    properties = _properties(call)
    wrong = [name for name, value in properties.items() if not isinstance(value, str)]
    if wrong:
        raise WebError(400, "BadRequest", f"The parameter {wrong[0]} has an invalid value: a string is expected.")
    return properties


async def _configure(call: Call) -> None:
    configure(call.world, _site(call), _properties(call))
    await run_site(call.world, _site(call))


async def _replace(call: Call, kind: str, properties: dict[str, Any]) -> Answer:
    _hidden(call)[kind] = properties
    await run_site(call.world, _site(call))
    return Answer(_configuration(call, kind, properties))


def _configuration(call: Call, kind: str, properties: dict[str, Any]) -> Body:
    site = _site(call)
    return {
        "id": f"{site['id']}/config/{kind}",
        "name": kind,
        "type": "Microsoft.Web/sites/config",
        "location": site["location"],
        "properties": properties,
    }


def _mounts(call: Call, kind: str) -> Answer:
    mounts = with_states(call.world, _hidden(call)["azurestorageaccounts"])
    return Answer({**_configuration(call, kind, mounts), "name": "azurestorageaccounts"})


def _policy(call: Call, name: str) -> Body:
    site, policies = _site(call), _hidden(call)["basicPublishingCredentialsPolicies"]
    if name not in policies:
        raise WebError(404, "NotFound", f"Cannot find BasicPublishingCredentialsPolicy with name {name}.")
    return {
        "id": f"{site['id']}/basicPublishingCredentialsPolicies/{name}",
        "name": name,
        "type": "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "location": site["location"],
        "properties": {"allow": policies[name]},
    }
