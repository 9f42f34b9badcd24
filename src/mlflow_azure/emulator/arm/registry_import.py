"""Microsoft.ContainerRegistry: importing an image from another registry.

https://learn.microsoft.com/rest/api/containerregistry/registries/import-image
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.registries import REGISTRY
from mlflow_azure.emulator.runtime import RuntimeFaultError
from mlflow_azure.emulator.runtime.registry.repository import PullError, Repository

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/containerregistry/registries/import-image")

_RESULTS = "/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/locations/{location}/operationResults"


@endpoints.on("POST", REGISTRY + "/importImage")
async def import_image(call: Call) -> Answer:
    """Begin to import an image from the registry `registryUri`."""
    registry, source = call.resource(), call.body.get("source") or {}
    if not source.get("registryUri") or not source.get("sourceImage"):
        raise invalid_content("'registryUri' and 'sourceImage' of the source are required.")
    tags = call.body.get("targetTags") or [source["sourceImage"]]
    if call.body.get("mode", "NoForce") != "Force":
        for tag in tags:
            await _require_free(call, registry["name"], tag)
    try:
        for tag in tags:
            origin = f"{source['registryUri']}/{source['sourceImage']}"
            await call.world.runtime.builds.builder.import_image(registry["name"], origin, tag)
    except (RuntimeFaultError, PullError) as error:  # Azure's own code for it has no source
        raise ArmError(400, "InvalidParameters", f"The image could not be imported: {error}") from error
    operation = await call.begin(registry["id"], "import image")
    results = _RESULTS.format(subscription=call["subscription"], location=registry["location"])
    location = call.link(f"{results}/registries-{operation.id}")
    return Answer(status=202, headers={"Location": location, **operation.retry_headers()})


@endpoints.on("GET", _RESULTS + "/{operation}")
async def get_result(call: Call) -> Answer:
    """The state of an import, or of deleting a replication: 202 until it is done."""
    operation = await call.world.operations.poll(call["operation"].partition("-")[2])
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
    if operation.failure:
        raise ArmError(400, *operation.failure)
    if operation.done:
        return Answer()
    return Answer(status=202, headers={"Location": call.link(call.path), **operation.retry_headers()})


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def imported(_registry_id: str, _succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        return  # the image exists before the operation begins

    world.operations.register("import image", imported)


async def _require_free(call: Call, registry: str, image: str) -> None:
    name, _, tag = image.partition(":")
    auth = call.world.runtime.registry.auth(registry)
    token = auth.internal_token(name)
    try:
        async with Repository(auth.service, name, call.world.tls.ca_file, token=token) as repository:
            await repository.manifest(tag or "latest")
    except PullError:
        return
    raise ArmError(409, "Conflict", f"Tag {image} already exists in target registry.")
