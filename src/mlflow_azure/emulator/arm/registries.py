"""Microsoft.ContainerRegistry: registries and their admin credentials."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm import registry_operations
from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import remove_resources, tracked, undone_on_failure
from mlflow_azure.emulator.arm.registry_defaults import SKUS, changed, new_registry, usages
from mlflow_azure.emulator.arm.roles import may_pull
from mlflow_azure.emulator.arm.system_data import system_data
from mlflow_azure.emulator.arm.web_identity import written_identity
from mlflow_azure.emulator.arm.world import CONTAINER_REGISTRY, either_spelling

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/containerregistry/registries")

_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry"
_REGISTRIES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries"
REGISTRY = _REGISTRIES + "/{registry}"
REGISTRY_TYPE = "Microsoft.ContainerRegistry/registries"
_NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
_ONGOING = {"create registry": "Creating", "update registry": "Updating"}
_READ_ONLY = ("provisioningState", "loginServer", "creationDate")


@endpoints.on("POST", _PROVIDER + "/checkNameAvailability")
async def check_name(call: Call) -> Answer:
    """Whether a name is globally free."""
    name = str(call.body.get("name", ""))
    refusal = _refuse_name(name) or _refuse_taken(call.world, name)
    if refusal:
        return Answer({"nameAvailable": False, "reason": refusal[0], "message": refusal[1]})
    return Answer({"nameAvailable": True})


@endpoints.on(
    "PUT",
    REGISTRY,
    lacks="private endpoints; firewall, policies and data endpoints are stored without effect",
)
async def put_registry(call: Call) -> Answer:
    """Create a registry, or retry a failed creation (long-running); or update one."""
    existing = call.world.resources.find(call.id)
    if existing and existing["properties"]["provisioningState"] != "Failed":
        return await _update(call, existing)
    if existing is None:
        _require_name(call)
    registry = _write(call, existing, "Creating")
    call.world.quirks.begin("registry_unresolved", registry["name"])
    with undone_on_failure(call):
        login_server = await open_registry(call.world, registry)
    registry = call.resource()  # another write may have happened in the meantime
    registry["properties"]["loginServer"] = login_server
    created = {**registry, "properties": dict(registry["properties"])}
    operation = await call.begin(call.id, "create registry")
    return Answer(created, 201, registry_operations.headers(call, "registries", operation))


@endpoints.on("PATCH", REGISTRY)
async def patch_registry(call: Call) -> Answer:
    """Update the given properties of a registry; long-running for its identity or anonymous pulls."""
    return await _update(call, call.resource())


async def _update(call: Call, existing: Body) -> Answer:
    """What is updated immediately and what is not, PUT or PATCH: from recordings of 2023, api-version 2022-02-01."""
    if "identity" not in call.body and "anonymousPullEnabled" not in (call.body.get("properties") or {}):
        return Answer(_write(call, existing, existing["properties"]["provisioningState"]))
    registry = _write(call, existing, "Updating")
    answer = {**registry, "properties": dict(registry["properties"])}
    operation = await call.begin(call.id, "update registry")
    return Answer(answer, 201, registry_operations.headers(call, "registries", operation))


@endpoints.on("GET", REGISTRY)
async def get_registry(call: Call) -> Answer:
    """One registry."""
    return Answer(call.resource())


@endpoints.on("DELETE", REGISTRY)
async def delete_registry(call: Call) -> Answer:
    """Delete a registry with its images."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    await remove_resources(call.world, call.id)
    return Answer()


@endpoints.on("GET", _PROVIDER + "/registries")
async def list_registries(call: Call) -> Answer:
    """The registries of a subscription."""
    under = f"/subscriptions/{call['subscription']}"
    return Answer({"value": call.world.resources.of_type(REGISTRY_TYPE, under)})


@endpoints.on("GET", _REGISTRIES)
async def list_group_registries(call: Call) -> Answer:
    """The registries of a group."""
    group = f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}"
    return Answer({"value": call.world.resources.of_type(REGISTRY_TYPE, group)})


@endpoints.on("GET", REGISTRY + "/operationStatuses/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of a registry's creation."""
    return await registry_operations.status(call, "registries", _ONGOING)


@endpoints.on("POST", REGISTRY + "/listCredentials")
async def list_credentials(call: Call) -> Answer:
    """The admin user's name and passwords."""
    return Answer(_credentials(call.world, _with_admin_user(call)))


def _with_admin_user(call: Call) -> Body:
    """Return the registry. Raises ArmError if its admin user is disabled."""
    registry = call.resource()
    if not registry["properties"]["adminUserEnabled"]:
        raise ArmError(
            400,
            "UnAuthorizedForCredentialOperations",
            f"Cannot perform credential operations for {registry['id']} as admin user is disabled. Kindly enable "
            "admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/"
            "container-registry-authentication#admin-account",
        )
    return registry


@endpoints.on("POST", REGISTRY + "/regenerateCredential")
async def regenerate_credential(call: Call) -> Answer:
    """Regenerate a password."""
    registry = _with_admin_user(call)
    passwords = call.world.resources.hidden(call.id)["passwords"]
    if call.body.get("name") not in passwords:
        raise invalid_content("'name' has to be password or password2.")
    passwords[call.body["name"]] = _new_password()
    return Answer(_credentials(call.world, registry))


@endpoints.on("GET", REGISTRY + "/listUsages", lacks="the size of the images")
async def list_usages(call: Call) -> Answer:
    """A registry's usage of its limits."""
    registry = call.resource()
    webhooks = call.world.resources.of_type(f"{REGISTRY_TYPE}/webhooks", registry["id"])
    return Answer({"value": usages(registry["sku"]["name"], len(webhooks))})


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def created(registry_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if registry := world.resources.find(registry_id):
            registry["properties"]["provisioningState"] = "Succeeded" if succeeded else "Failed"

    async def updated(registry_id: str, succeeded: bool) -> None:  # noqa: FBT001, ARG001 - the signature of an effect
        if registry := world.resources.find(registry_id):
            registry["properties"]["provisioningState"] = "Succeeded"

    world.operations.register("create registry", created)
    world.operations.register("update registry", updated)


async def open_registry(world: World, registry: Body) -> str:
    """Serve the images of a registry; return its login server."""
    registry_id, name = registry["id"], registry["name"]

    def credentials() -> list[str] | None:
        live = world.resources.find(registry_id)
        if live is None or not live["properties"]["adminUserEnabled"]:
            return None
        return [name, *world.resources.hidden(registry_id)["passwords"].values()]

    def token_ok(token: str) -> bool:
        live = world.resources.find(registry_id)
        audiences = either_spelling(CONTAINER_REGISTRY)
        if live and takes_arm_tokens(live):
            audiences |= world.audiences
        principal = world.principal_of(token, audiences)
        own = principal == world.identity.object_id
        return own or (principal is not None and may_pull(world, principal, registry_id))

    return await world.runtime.registry.ensure(name, world.ports.of(f"registry/{name}"), credentials, token_ok)


def takes_arm_tokens(registry: Body) -> bool:
    """Whether a registry accepts tokens for Resource Manager in addition to those for registries.

    https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm
    """
    return str(registry["properties"]["policies"]["azureADAuthenticationAsArmPolicy"]["status"]).lower() == "enabled"


def _write(call: Call, existing: Body | None, state: str) -> Body:
    body = tracked(call, existing)
    sku = str(call.body.get("sku", {}).get("name") or (existing["sku"]["name"] if existing else "")).capitalize()
    if sku not in SKUS:
        raise ArmError(400, "InvalidSku", f"The sku '{sku}' is invalid: it has to be one of {', '.join(SKUS)}.")
    body["sku"] = {"name": sku, "tier": sku}
    body |= _identity(call, existing)
    wanted = {key: value for key, value in (call.body.get("properties") or {}).items() if key not in _READ_ONLY}
    body |= system_data(call, existing)
    body["properties"] = changed(existing["properties"] if existing else new_registry(_now()), wanted, sku)
    data = f"{body['name'].lower()}.{body['location']}.data.azurecr.io"
    body["properties"]["dataEndpointHostNames"] = [data] if body["properties"]["dataEndpointEnabled"] else []
    body["properties"]["provisioningState"] = state
    call.world.resources.put(body)
    hidden = call.world.resources.hidden(body["id"])
    hidden.setdefault("passwords", {"password": _new_password(), "password2": _new_password()})
    return body


def _identity(call: Call, existing: Body | None) -> Body:
    """Return its identities; unlike other services, registries spell the types with a lower-case first letter."""
    written = written_identity(call, existing)
    if "identity" in written:
        kinds = written["identity"]["type"].split(", ")
        written["identity"]["type"] = ", ".join(kind[0].lower() + kind[1:] for kind in kinds)
    return written


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")


def _new_password() -> str:
    return secrets.token_urlsafe(39)


def _credentials(world: World, registry: Body) -> dict[str, Any]:
    passwords = world.resources.hidden(registry["id"])["passwords"]
    values = [{"name": name, "value": value} for name, value in passwords.items()]
    return {"username": registry["name"], "passwords": values}


def _refuse_name(name: str) -> tuple[str, str] | None:
    if _NAME.fullmatch(name):
        return None
    return (
        "Invalid",
        f"The specified registry name '{name}' is invalid: it has to have 5 to 50 letters and digits.",
    )


def _refuse_taken(world: World, name: str) -> tuple[str, str] | None:
    own = {registry["name"].lower() for registry in world.resources.of_type(REGISTRY_TYPE)}
    if name.lower() not in own | world.names_taken("registry"):
        return None
    return "AlreadyExists", f"The registry {name} is already in use."


def _require_name(call: Call) -> None:
    invalid = _refuse_name(call["registry"])
    if invalid:
        raise ArmError(400, "InvalidResourceName", invalid[1])
    taken = _refuse_taken(call.world, call["registry"])
    if taken:
        raise ArmError(409, "AlreadyInUse", taken[1])
