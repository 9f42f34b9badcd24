"""Microsoft.Web: the container log of a web app."""

from __future__ import annotations

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_sites import SITE

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps")


@endpoints.on("POST", SITE + "/containerlogs")
async def get_container_logs(call: Call) -> Answer:
    """The last lines of the platform and of the container; 204 if there are none."""
    text = call.world.runtime.sites.log(call.resource()["name"]).text()
    return Answer(text, media_type="application/octet-stream") if text else Answer(status=204)


@endpoints.on("POST", SITE + "/containerlogs/zip/download")
async def download_container_logs(call: Call) -> Answer:
    """All log files, as a zip archive."""
    return Answer(call.world.runtime.sites.log(call["site"]).zipped(), media_type="application/zip")
