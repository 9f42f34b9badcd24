"""Microsoft.ContainerRegistry: ACR Tasks, only for builds of an uploaded source."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.registries import REGISTRY
from mlflow_azure.emulator.runtime import BuildRequest

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/containerregistry/registries")

_RUN = REGISTRY + "/runs/{run}"
_RUN_TYPE = "Microsoft.ContainerRegistry/registries/runs"
_ONGOING = ("Queued", "Started", "Running")
_TIMEOUT_SECONDS = 3600


@endpoints.on("POST", REGISTRY + "/listBuildSourceUploadUrl")
async def get_upload_url(call: Call) -> Answer:
    """The upload URL of a source archive, and its name for a build."""
    call.resource()
    path = f"source/{datetime.now(UTC):%Y%m%d0000}/{uuid.uuid4().hex}.tar.gz"
    return Answer({"uploadUrl": call.world.task_blobs.signed_url(_blob(call["registry"], path)), "relativePath": path})


@endpoints.on("POST", REGISTRY + "/scheduleRun", lacks="task files, and sources other than an uploaded archive")
async def schedule_run(call: Call) -> Answer:
    """Build an image from an uploaded source, and push it to the registry."""
    world, registry, wanted = call.world, call.resource(), call.body
    if wanted.get("type") != "DockerBuildRequest":
        raise ArmError(400, "BadRequest", f"The run request of type '{wanted.get('type')}' is not supported.")
    source = world.task_blobs.find(_blob(registry["name"], str(wanted.get("sourceLocation"))))
    if source is None:
        raise ArmError(400, "BadRequest", "The source location of the run is not an uploaded source archive.")
    run = world.resources.put(_new_run(world, registry, wanted))
    scheduled = {**run, "properties": dict(run["properties"])}
    world.background.start(run["id"], _carry_out(world, run, _build(world, run, source, wanted)))
    return Answer(scheduled)


@endpoints.on("GET", _RUN)
async def get_run(call: Call) -> Answer:
    """One run."""
    return Answer(call.resource())


@endpoints.on("GET", REGISTRY + "/runs")
async def list_runs(call: Call) -> Answer:
    """The runs of a registry, newest first."""
    runs = call.world.resources.of_type(_RUN_TYPE, call.id)
    return Answer({"value": sorted(runs, key=lambda run: run["properties"]["createTime"], reverse=True)})


@endpoints.on("POST", _RUN + "/listLogSasUrl")
async def get_log_url(call: Call) -> Answer:
    """The URL of a run's log, or its artifact in the registry, which az requests first.

    github.com/Azure/azure-cli, command_modules/acr/_stream_utils.py.
    """
    run = call.resource()
    kind = "logArtifactLink" if call.world.quirks.ordered.log_in_registry else "logLink"
    return Answer({kind: call.world.task_blobs.signed_url(_log(call["registry"], run["name"]))})


@endpoints.on("POST", _RUN + "/cancel")
async def cancel_run(call: Call) -> Answer:
    """Cancel a run."""
    await call.world.background.cancel(call.resource()["id"])
    return Answer()


def end_interrupted_runs(world: World) -> None:
    """Mark runs that were interrupted by the end of the emulator."""
    for run in world.resources.of_type(_RUN_TYPE):
        if run["properties"]["status"] in _ONGOING:
            _update(run, status="Canceled", finishTime=_now(), runErrorMessage="The emulator was stopped.")


async def _carry_out(world: World, run: Body, request: BuildRequest) -> None:
    try:
        result = await world.runtime.builds.run(request, lambda status: _update(run, status=status, startTime=_now()))
    except asyncio.CancelledError:
        _update(run, status="Canceled", finishTime=_now())
        raise
    finally:
        world.task_blobs.complete(_log(request.registry, run["name"]))
    images = [
        {"registry": _login_server(world, run), "repository": name, "tag": tag, "digest": digest}
        for image, digest in result.digests.items()
        for name, _, tag in [image.partition(":")]
    ]
    _update(run, status=result.status, finishTime=_now(), outputImages=images, runErrorMessage=result.message or None)
    world.state.save()


def _build(world: World, run: Body, source: Path, wanted: Body) -> BuildRequest:
    registry = run["id"].split("/")[-3]
    platform = wanted.get("platform") or {}
    return BuildRequest(
        run_id=run["name"],
        registry=registry,
        source=source,
        log_path=world.task_blobs.file(_log(registry, run["name"])),
        dockerfile=wanted.get("dockerFilePath") or "Dockerfile",
        image_names=tuple(name.replace("{{.Run.ID}}", run["name"]) for name in wanted.get("imageNames") or []),
        arguments={each["name"]: each["value"] for each in wanted.get("arguments") or []},
        platform=f"{platform.get('os', 'linux')}/{platform.get('architecture') or 'amd64'}".lower(),
        push=bool(wanted.get("isPushEnabled", True)),
        timeout=float(wanted.get("timeout") or _TIMEOUT_SECONDS),
    )


def _new_run(world: World, registry: Body, wanted: Body) -> Body:
    hidden = world.resources.hidden(registry["id"])
    hidden["runs"] = hidden.get("runs", 0) + 1
    name, now = f"ca{hidden['runs']}", _now()
    return {
        "type": _RUN_TYPE,
        "id": f"{registry['id']}/runs/{name}",
        "name": name,
        "properties": {
            "runId": name,
            "status": "Queued",
            "lastUpdatedTime": now,
            "runType": "QuickBuild",
            "createTime": now,
            "platform": wanted.get("platform"),
            "agentConfiguration": {"cpu": 2},
            "provisioningState": "Succeeded",
            "isArchiveEnabled": False,
        },
    }


def _login_server(world: World, run: Body) -> str:
    registry = world.resources.find(run["id"].partition("/runs/")[0])
    return str(registry["properties"]["loginServer"]) if registry else ""


def _update(run: Body, **properties: Any) -> None:
    run["properties"] |= {"lastUpdatedTime": _now(), **properties}


def _blob(registry: str, path: str) -> str:
    return f"{registry.lower()}/{path}"


def _log(registry: str, run: str) -> str:
    return _blob(registry, f"logs/{run}/rawtext.log")


def _now() -> str:
    return datetime.now(UTC).isoformat()
