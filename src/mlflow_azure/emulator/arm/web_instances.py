"""Microsoft.Web: the instances of a web app, one on each machine of its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_config import site_of
from mlflow_azure.emulator.arm.web_plans import web_list

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.runtime import InstanceState

from mlflow_azure.emulator.arm.web_sites import SITE

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")


@endpoints.on("GET", SITE + "/instances")
async def list_instances(call: Call) -> Answer:
    """The instances of a web app."""
    return Answer(web_list(_described(call)))


@endpoints.on("GET", SITE + "/instances/{instance}", lacks="the URLs of its consoles; its containers")
async def get_instance(call: Call) -> Answer:
    """One instance, and whether it is ready."""
    for each in _described(call):
        if each["name"] == call["instance"]:
            return Answer(each)
    raise WebError(404, "NotFound", f"Cannot find instance with name {call['instance']}.")


def _described(call: Call) -> list[Body]:
    site = site_of(call)
    return [_instance(site, each) for each in call.world.runtime.sites.instances(site["name"])]


def _instance(site: Body, instance: InstanceState) -> Body:
    if instance.state == "Running":
        state = "READY" if instance.healthy else "UNKNOWN"
    else:
        state = "STOPPED" if instance.state == "Stopped" else "UNKNOWN"
    return {
        "id": f"{site['id']}/instances/{instance.id}",
        "name": instance.id,
        "type": "Microsoft.Web/sites/instances",
        "location": site["location"],
        "properties": {"name": instance.id, "siteInstanceName": instance.id, "state": state},
    }
