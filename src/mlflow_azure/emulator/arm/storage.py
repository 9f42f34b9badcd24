"""Microsoft.Storage: storage accounts. Their parts are in `storage_services`."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import remove_resources, tracked, undone_on_failure
from mlflow_azure.emulator.arm.policies import modifications
from mlflow_azure.emulator.arm.storage_defaults import (
    SECONDARY,
    SKUS,
    encryption,
    endpoints_of,
    network_rules,
    new_account,
    secondary,
    tier_of,
)
from mlflow_azure.emulator.tls import STORAGE_SUFFIX

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/storagerp/storage-accounts")

_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Storage"
_ACCOUNTS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts"
ACCOUNT = _ACCOUNTS + "/{account}"
ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
_NAME = re.compile(r"[a-z0-9]{3,24}")
# Properties set by the service, whatever a request says.
_READ_ONLY = (
    *("provisioningState", "primaryEndpoints", "creationTime", "keyCreationTime", "primaryLocation", "statusOfPrimary"),
    *SECONDARY,
)


@endpoints.on("POST", _PROVIDER + "/checkNameAvailability")
async def check_name(call: Call) -> Answer:
    """Whether a name is globally free."""
    name = str(call.body.get("name", ""))
    refusal = _refuse_name(name) or _refuse_taken(call.world, name)
    if refusal:
        return Answer({"nameAvailable": False, "reason": refusal[0], "message": refusal[1]})
    return Answer({"nameAvailable": True})


@endpoints.on("PUT", ACCOUNT, lacks="customer-managed keys, private endpoints; the firewall is stored without effect")
async def put_account(call: Call) -> Answer:
    """Create an account (long-running), or update one (at once)."""
    existing = call.world.resources.find(call.id)
    if existing:
        return await _update(call, existing)
    _require_name(call)
    account = _write(call, None, "Creating")
    with undone_on_failure(call):
        await _open(call, account)
    operation = await call.begin(call.id, "create storage account")
    return _pending(call, account["location"], operation.id, operation.retry_headers())


@endpoints.on("PATCH", ACCOUNT)
async def patch_account(call: Call) -> Answer:
    """Update the given properties of an account."""
    return await _update(call, call.resource())


async def _update(call: Call, account: Body) -> Answer:
    _write(call, account, account["properties"]["provisioningState"])
    await _open(call, account)
    return Answer(call.resource())


@endpoints.on("GET", ACCOUNT)
async def get_account(call: Call) -> Answer:
    """One account."""
    return Answer(call.resource())


@endpoints.on("DELETE", ACCOUNT)
async def delete_account(call: Call) -> Answer:
    """Delete an account with its data."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    await remove_resources(call.world, call.id)
    return Answer()


@endpoints.on("GET", _PROVIDER + "/storageAccounts")
async def list_accounts(call: Call) -> Answer:
    """The accounts of a subscription."""
    return Answer({"value": call.world.resources.of_type(ACCOUNT_TYPE, f"/subscriptions/{call['subscription']}")})


@endpoints.on("GET", _ACCOUNTS)
async def list_group_accounts(call: Call) -> Answer:
    """The accounts of a group."""
    group = f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}"
    return Answer({"value": call.world.resources.of_type(ACCOUNT_TYPE, group)})


@endpoints.on("GET", _PROVIDER + "/locations/{location}/asyncoperations/{operation}")
async def get_operation(call: Call) -> Answer:
    """The state of an account's creation: 202, then the account."""
    operation = await call.world.operations.poll(call["operation"])
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call['operation']}' could not be found.")
    if operation.failure:
        raise ArmError(409, *operation.failure)
    if operation.done:
        return Answer(call.world.resources.find(operation.resource))
    return _pending(call, call["location"], operation.id, operation.retry_headers())


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def created(account_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if not succeeded:
            await remove_resources(world, account_id)
        elif account := world.resources.find(account_id):
            account["properties"]["provisioningState"] = "Succeeded"

    world.operations.register("create storage account", created)


async def open_account(world: World, account: Body) -> dict[str, str]:
    """Serve the blobs and files of an account; return their endpoints by service, which the account then shows."""
    held = world.resources.hidden(account["id"])["keys"]
    name, keys = account["name"], (held["key1"], held["key2"])
    blob, file = await asyncio.gather(
        world.runtime.blobs.ensure(name, keys, world.ports.of(f"blob/{name}")),
        world.runtime.files.ensure(name, keys, world.ports.of(f"file/{name}")),
    )
    if account["properties"].get("allowSharedKeyAccess") is False:
        # Both are served on one port. The SDKs send no token over http, and az no key to a port over https.
        blob = blob.replace("http://", "https://", 1)
    served = {"blob": blob, "file": file}
    told = account["properties"].get("primaryEndpoints", {})
    told.update({service: url for service, url in served.items() if service in told})
    return served


async def _open(call: Call, account: Body) -> None:
    served = await open_account(call.world, account)
    account = call.resource()  # another write may have happened in the meantime
    named = endpoints_of(account["name"], account["kind"], _suffix(call))
    account["properties"]["primaryEndpoints"] = {service: served.get(service, url) for service, url in named.items()}


def _suffix(call: Call) -> str:
    """Return the endpoint's host after the service's name. Only blobs and files are really served."""
    return f".{STORAGE_SUFFIX}{call.world.url.removeprefix('https://localhost')}"


def _pending(call: Call, location: str, operation: str, retry: dict[str, str]) -> Answer:
    path = f"/subscriptions/{call['subscription']}/providers/Microsoft.Storage/locations/{location}"
    monitor = call.link(f"{path}/asyncoperations/{operation}?monitor=true")
    return Answer("", 202, {"Location": monitor, **retry}, media_type="text/plain; charset=utf-8")


def _write(call: Call, existing: Body | None, state: str) -> Body:
    body = tracked(call, existing)
    sku = call.body.get("sku", {}).get("name") or (existing["sku"]["name"] if existing else "")
    if sku not in SKUS:
        raise ArmError(400, "SkuNotSupported", f"The sku '{sku}' is not supported.")
    body["sku"] = {"name": sku, "tier": sku.partition("_")[0]}
    body["kind"] = call.body.get("kind") or (existing["kind"] if existing else "StorageV2")
    body |= _identity(call, existing)
    properties = existing["properties"] if existing else new_account(body["location"], body["kind"], now())
    kept = {name: value for name, value in properties.items() if name not in SECONDARY}
    body["properties"] = tier_of(body["kind"]) | kept | _wanted(call, existing)
    body["properties"] |= secondary(body["name"], body["kind"], sku, body["location"], _suffix(call))
    body["properties"]["provisioningState"] = state
    call.world.resources.put(body)
    call.world.resources.hidden(body["id"]).setdefault("keys", {"key1": new_key(), "key2": new_key()})
    return body


def _wanted(call: Call, existing: Body | None) -> Body:
    properties = call.body.get("properties") or {}
    wanted = {name: value for name, value in properties.items() if name not in _READ_ONLY and value is not None}
    if "networkAcls" in wanted:
        live = existing["properties"].get("networkAcls", {}) if existing else {}
        wanted["networkAcls"] = network_rules(live | wanted["networkAcls"])
    if "encryption" in wanted:
        wanted["encryption"] = encryption(wanted["encryption"], now())
    return wanted | modifications(call.world, ACCOUNT_TYPE, call["group"])


def _identity(call: Call, existing: Body | None) -> Body:
    """Return the `identity` of an account: its own service principal for "SystemAssigned"."""
    live: Body | None = (existing or {}).get("identity")
    wanted = call.body.get("identity")
    if wanted is None:
        return {"identity": live} if live else {}
    if "SystemAssigned" not in wanted.get("type", ""):
        return {"identity": {"type": "None"}}
    principal = (live or {}).get("principalId") or str(uuid.uuid4())
    own = {"principalId": principal, "tenantId": call.world.identity.tenant_id, "type": wanted["type"]}
    return {"identity": own}


def now() -> str:
    """Return the time in Microsoft.Storage's format."""
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")


def new_key() -> str:
    """Return a new account key: 64 bytes in Base64."""
    return base64.b64encode(secrets.token_bytes(64)).decode()


def _refuse_name(name: str) -> tuple[str, str] | None:
    if _NAME.fullmatch(name):
        return None
    message = (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
        "length and use numbers and lower-case letters only."
    )
    return "AccountNameInvalid", message


def _refuse_taken(world: World, name: str) -> tuple[str, str] | None:
    own = {account["name"] for account in world.resources.of_type(ACCOUNT_TYPE)}
    if name not in own | world.names_taken("storage"):
        return None
    return "AlreadyExists", f"The storage account named {name} is already taken."


def _require_name(call: Call) -> None:
    invalid = _refuse_name(call["account"])
    if invalid:
        raise ArmError(400, *invalid)
    taken = _refuse_taken(call.world, call["account"])
    if taken:
        raise ArmError(409, "StorageAccountAlreadyTaken", taken[1])
