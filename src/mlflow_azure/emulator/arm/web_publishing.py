"""Microsoft.Web: user names and passwords of a web app's SCM and FTP sites, and whether they are accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_config import hidden_of, properties_of, site_of
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_plans import web_list
from mlflow_azure.emulator.arm.web_site import hosts
from mlflow_azure.emulator.arm.web_site_defaults import STAMP
from mlflow_azure.emulator.arm.web_sites import SITE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")

_USER = "/providers/Microsoft.Web/publishingUsers/web"
_POLICIES = SITE + "/basicPublishingCredentialsPolicies"
_POLICY = _POLICIES + "/{policy}"


@endpoints.on("POST", SITE + "/config/publishingcredentials/list")
async def list_publishing_credentials(call: Call) -> Answer:
    """User name and password of the SCM site."""
    site = site_of(call)
    user, password = f"${site['name']}", hidden_of(call)["publishingPassword"]
    _, scm = hosts(call.world, site)
    properties = {
        "name": None,
        "publishingUserName": user,
        "publishingPassword": password,
        "publishingPasswordHash": None,
        "publishingPasswordHashSalt": None,
        "metadata": None,
        "isDeleted": False,
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


@endpoints.on("POST", SITE + "/publishxml", lacks="formats other than WebDeploy; there is no FTP site")
async def publishing_profile(call: Call) -> Answer:
    """The publishing profiles, in which `az` looks for the URL of a new site."""
    site = site_of(call)
    name, (_, scm) = site["name"], hosts(call.world, site)
    ftp = f"ftps://{STAMP}.ftp.azurewebsites.windows.net/site/wwwroot"
    profiles = [
        _profile(call, "Web Deploy", "MSDeploy", publishUrl=scm, msdeploySite=name, userName=f"${name}"),
        _profile(call, "FTP", "FTP", publishUrl=ftp, ftpPassiveMode="True", userName=f"{name}\\${name}"),
        _profile(call, "Zip Deploy", "ZipDeploy", publishUrl=scm, userName=f"${name}"),
    ]
    return Answer(f"<publishData>{''.join(profiles)}</publishData>", media_type="application/xml")


@endpoints.on("GET", _USER)
async def get_publishing_user(call: Call) -> Answer:
    """The caller's own user name for all SCM and FTP sites."""
    return Answer(_publishing_user(call.world))


@endpoints.on("PUT", _USER, lacks="no SCM site accepts it")
async def put_publishing_user(call: Call) -> Answer:
    """Set that user name. Its password is not stored."""
    name = properties_of(call).get("publishingUserName")
    if not name or not isinstance(name, str):
        raise WebError(400, "BadRequest", "The parameter publishingUserName has an invalid value.")
    call.world.settings["publishingUser"] = name
    return Answer(_publishing_user(call.world))


@endpoints.on("GET", _POLICIES)
async def list_publishing_policies(call: Call) -> Answer:
    """Whether the SCM and the FTP site accept a user name and password."""
    names = hidden_of(call)["basicPublishingCredentialsPolicies"]
    return Answer(web_list([_policy(call, name) for name in names]))


@endpoints.on("GET", _POLICY)
async def get_publishing_policy(call: Call) -> Answer:
    """Whether the SCM or the FTP site accepts a user name and password."""
    return Answer(_policy(call, call["policy"]))


@endpoints.on("PUT", _POLICY)
async def put_publishing_policy(call: Call) -> Answer:
    """Set whether the SCM or the FTP site accepts a user name and password."""
    _policy(call, call["policy"])
    hidden_of(call)["basicPublishingCredentialsPolicies"][call["policy"]] = bool(properties_of(call).get("allow"))
    await run_site(call.world, site_of(call))
    return Answer(_policy(call, call["policy"]))


def _publishing_user(world: World) -> Body:
    unset = ("name", "publishingPassword", "publishingPasswordHash", "publishingPasswordHashSalt", "metadata", "scmUri")
    properties = {
        **dict.fromkeys(unset),
        "isDeleted": False,
        "publishingUserName": world.settings.get("publishingUser"),
    }
    return {"id": None, "name": "web", "type": "Microsoft.Web/publishingUsers/web", "properties": properties}


def _profile(call: Call, title: str, method: str, **attributes: str) -> str:
    site = site_of(call)
    host, _ = hosts(call.world, site)
    complete = {
        "profileName": f"{site['name']} - {title}",
        "publishMethod": method,
        **attributes,
        "userPWD": hidden_of(call)["publishingPassword"],
        "destinationAppUrl": f"http://{host}",
        "SQLServerDBConnectionString": "",
        "mySQLDBConnectionString": "",
        "hostingProviderForumLink": "",
        "controlPanelLink": "https://portal.azure.com",
        "webSystem": "WebSites",
    }
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in complete.items())
    return f"<publishProfile {written}><databases /></publishProfile>"


def _policy(call: Call, name: str) -> Body:
    site, policies = site_of(call), hidden_of(call)["basicPublishingCredentialsPolicies"]
    if name not in policies:
        raise WebError(404, "NotFound", f"Cannot find BasicPublishingCredentialsPolicy with name {name}.")
    return {
        "id": f"{site['id']}/basicPublishingCredentialsPolicies/{name}",
        "name": name,
        "type": "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "location": site["location"],
        "properties": {"allow": policies[name]},
    }
