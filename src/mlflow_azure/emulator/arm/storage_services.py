"""Microsoft.Storage: blob containers and file shares, through Resource Manager."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.storage import ACCOUNT

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints()

_CONTAINERS = ACCOUNT + "/blobServices/default/containers"
_CONTAINER = _CONTAINERS + "/{container}"
_SHARES = ACCOUNT + "/fileServices/default/shares"
_SHARE = _SHARES + "/{share}"
_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_STANDARD_QUOTA, _LARGE_QUOTA = 5120, 102400


@endpoints.on("GET", ACCOUNT + "/blobServices/default")
async def get_blob_service(call: Call) -> Answer:
    """The blob service of an account."""
    properties = {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}}
    return Answer(_service(call, properties))


@endpoints.on("GET", ACCOUNT + "/fileServices/default")
async def get_file_service(call: Call) -> Answer:
    """The file service of an account."""
    retention = {"enabled": True, "days": 7}
    return Answer(_service(call, {"cors": {"corsRules": []}, "shareDeleteRetentionPolicy": retention}))


@endpoints.on("PUT", _CONTAINER)
async def put_container(call: Call) -> Answer:
    """Create a container, or update it."""
    existing = _require(call, call["container"])
    if existing is None:
        await call.world.runtime.blobs.create_container(call["account"], call["container"])
    wanted = call.body.get("properties") or {}
    properties = existing["properties"] if existing else _new_container()
    properties |= {key: wanted[key] for key in ("publicAccess", "metadata") if key in wanted}
    return _put(call, properties, existing)


@endpoints.on("PATCH", _CONTAINER)
async def patch_container(call: Call) -> Answer:
    """Update a container."""
    _existing_container(call)
    return await put_container(call)


@endpoints.on("GET", _CONTAINER)
async def get_container(call: Call) -> Answer:
    """One container."""
    return Answer(_existing_container(call))


@endpoints.on("DELETE", _CONTAINER)
async def delete_container(call: Call) -> Answer:
    """Delete a container with its blobs."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    await call.world.runtime.blobs.delete_container(call["account"], call["container"])
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("GET", _CONTAINERS)
async def list_containers(call: Call) -> Answer:
    """The containers of an account."""
    return Answer({"value": call.world.resources.below(call.id)})


@endpoints.on("PUT", _SHARE)
async def put_share(call: Call) -> Answer:
    """Create a share, or update it."""
    existing = _require(call, call["share"])
    wanted = call.body.get("properties") or {}
    properties = existing["properties"] if existing else _new_share()
    properties |= {key: wanted[key] for key in ("shareQuota", "metadata", "accessTier") if key in wanted}
    _require_quota(call, properties["shareQuota"])
    call.world.runtime.shares.ensure(call["account"], call["share"])
    return _put(call, properties, existing)


@endpoints.on("PATCH", _SHARE)
async def patch_share(call: Call) -> Answer:
    """Update a share."""
    _existing_share(call)
    return await put_share(call)


@endpoints.on("GET", _SHARE)
async def get_share(call: Call) -> Answer:
    """One share, with the bytes that it holds where `$expand=stats` asks for them."""
    share = _existing_share(call)
    if "stats" not in call.query.get("$expand", ""):
        return Answer(share)
    usage = call.world.runtime.shares.usage(call["account"], call["share"])
    return Answer({**share, "properties": {**share["properties"], "shareUsageBytes": usage}})


@endpoints.on("DELETE", _SHARE)
async def delete_share(call: Call) -> Answer:
    """Delete a share with its files."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.runtime.shares.remove(call["account"], call["share"])
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("GET", _SHARES)
async def list_shares(call: Call) -> Answer:
    """The shares of an account."""
    return Answer({"value": call.world.resources.below(call.id)})


def _service(call: Call, properties: dict[str, Any]) -> Body:
    return {"id": call.id, "name": "default", "type": call.type, "properties": properties}


def _put(call: Call, properties: dict[str, Any], existing: Body | None) -> Answer:
    properties |= {"lastModifiedTime": _now()}
    name = call.id.rpartition("/")[2]
    body: Body = {"id": call.id, "name": name, "type": call.type, "etag": f'"{uuid.uuid4().hex}"'}
    body["properties"] = properties
    return Answer(call.world.resources.put(body), 200 if existing else 201)


def _require(call: Call, name: str) -> Body | None:
    if not _NAME.fullmatch(name):
        raise ArmError(
            400,
            "InvalidResourceName",
            "The specified resource name contains invalid characters. A name has 3 to 63 characters: lower-case "
            "letters, digits and single hyphens between them.",
        )
    return call.world.resources.find(call.id)


def _existing_container(call: Call) -> Body:
    return _existing(call, "ContainerNotFound", "The specified container does not exist.")


def _existing_share(call: Call) -> Body:
    return _existing(call, "ShareNotFound", "The specified share does not exist.")


def _existing(call: Call, code: str, message: str) -> Body:
    body = call.world.resources.find(call.id)
    if body is None:
        raise ArmError(404, code, message)
    return body


def _require_quota(call: Call, quota: Any) -> None:
    account = call.world.resources.find(call.id.partition("/fileServices/")[0])
    large = account is not None and account["properties"].get("largeFileSharesState") == "Enabled"
    largest = _LARGE_QUOTA if large else _STANDARD_QUOTA
    if not isinstance(quota, int) or not 1 <= quota <= largest:
        raise ArmError(
            400,
            "InvalidHeaderValue",
            f"The value for one of the HTTP headers is not in the correct format: x-ms-share-quota has to be "
            f"between 1 and {largest}.",
        )


def _new_container() -> dict[str, Any]:
    return {
        "publicAccess": "None",
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
    }


def _new_share() -> dict[str, Any]:
    return {
        "shareQuota": _STANDARD_QUOTA,
        "accessTier": "TransactionOptimized",
        "enabledProtocols": "SMB",
        "leaseStatus": "unlocked",
        "leaseState": "available",
    }


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")
