"""Microsoft.Web: the Git repository that a web app is deployed from. Stored without effect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_config import hidden_of, properties_of, site_of
from mlflow_azure.emulator.arm.web_site import hosts
from mlflow_azure.emulator.arm.web_sites import SITE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/web-apps/get-source-control")

_SOURCE = SITE + "/sourcecontrols/web"
_NO_EFFECT = "nothing is deployed from it: the images are containers"
_KEPT = "sourcecontrols"
_NEW: dict[str, Any] = {
    "repoUrl": None,
    "branch": "master",
    "isManualIntegration": False,
    "isGitHubAction": False,
    "deploymentRollbackEnabled": False,
    "isMercurial": False,
}


@endpoints.on("PUT", _SOURCE, lacks=_NO_EFFECT)
async def put_source(call: Call) -> Answer:
    """Set the repository (long-running; the repository itself has the state)."""
    wanted = {name: value for name, value in properties_of(call).items() if name in _NEW and value is not None}
    if not wanted.get("repoUrl"):
        raise WebError(400, "BadRequest", "The parameter repoUrl has an invalid value.")
    hidden = hidden_of(call)
    hidden["web"]["scmType"] = "ExternalGit" if wanted.get("isManualIntegration") else "GitHub"
    operation = await call.begin(call.id, "name source control")
    hidden[_KEPT] = {"properties": _NEW | wanted, "operation": operation.id}
    return Answer(_described(call, hidden[_KEPT]["properties"], "InProgress"), 201)


@endpoints.on("GET", _SOURCE)
async def get_source(call: Call) -> Answer:
    """The repository, and the state of setting it. 404 if there is none: assumed."""
    kept, (_, scm) = hidden_of(call).get(_KEPT), hosts(call.world, site_of(call))
    if kept is None and hidden_of(call)["web"]["scmType"] == "LocalGit":  # recorded: azure-cli, test_webapp_e2e.yaml
        return Answer(_described(call, {**_NEW, "repoUrl": f"https://{scm}", "branch": None}, "Succeeded"))
    if kept is None:
        raise WebError(404, "NotFound", f"Cannot find SourceControl with name {call['site']}.")
    operation = await call.world.operations.poll(kept["operation"])
    if operation is None or operation.done:
        return Answer(
            _described(call, kept["properties"], "Failed" if operation and operation.failure else "Succeeded")
        )
    details = f"{datetime.now(UTC).replace(tzinfo=None).isoformat()} https://{scm}/api/deployments/latest"
    return Answer(_described(call, kept["properties"], "InProgress", provisioningDetails=details))


@endpoints.on("DELETE", _SOURCE)
async def delete_source(call: Call) -> Answer:
    """Remove the repository."""
    hidden = hidden_of(call)
    hidden["web"]["scmType"] = "None"
    return Answer() if hidden.pop(_KEPT, None) else Answer(status=204)


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def named(_source: str, _succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        return  # nothing is deployed

    world.operations.register("name source control", named)


def _described(call: Call, properties: dict[str, Any], state: str, **more: str) -> dict[str, Any]:
    site = site_of(call)
    tags = {"tags": site["tags"]} if site["tags"] else {}
    return {
        "id": call.id,
        "name": site["name"],
        "type": "Microsoft.Web/sites/sourcecontrols",
        "location": site["location"],
        **tags,
        "properties": {**properties, "provisioningState": state, **more, "gitHubActionConfiguration": None},
    }
