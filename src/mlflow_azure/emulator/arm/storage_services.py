"""Microsoft.Storage: blob containers and file shares, through Resource Manager."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.storage import ACCOUNT
from mlflow_azure.emulator.arm.storage_leases import lease_container, refuse_leased, with_lease
from mlflow_azure.emulator.arm.storage_services_defaults import (
    CREATED_CONTAINER,
    LAST_ACCESS_TRACKING,
    SETTABLE_OF_CONTAINER,
    STANDARD_QUOTA,
    changed_service,
    etag_and_time,
    listed_container,
    listed_share,
    new_container,
    new_service,
    new_share,
    tier_of_share,
)

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/storagerp")

_CONTAINERS = ACCOUNT + "/blobServices/default/containers"
_CONTAINER = _CONTAINERS + "/{container}"
_SHARES = ACCOUNT + "/fileServices/default/shares"
_SHARE = _SHARES + "/{share}"
_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_LARGE_QUOTA = 102400


@endpoints.on("GET", ACCOUNT + "/blobServices/default")
@endpoints.on("GET", ACCOUNT + "/fileServices/default")
async def get_service(call: Call) -> Answer:
    """The blob service or the file service of an account."""
    account = _account(call)
    return Answer({"sku": account["sku"], **_service(call, account)})


@endpoints.on("PUT", ACCOUNT + "/blobServices/default", lacks="the settings have no effect")
@endpoints.on("PUT", ACCOUNT + "/fileServices/default", lacks="the settings have no effect")
async def put_service(call: Call) -> Answer:
    """Update the given settings of the service, which have no effect.

    The response contains only what was requested: recorded in 2023 and 2024, versions 2022-09-01 and 2023-05-01.
    """
    account = _account(call)
    wanted = {name: value for name, value in (call.body.get("properties") or {}).items() if value is not None}
    if (tracking := wanted.get("lastAccessTimeTrackingPolicy")) is not None:
        wanted["lastAccessTimeTrackingPolicy"] = LAST_ACCESS_TRACKING | tracking
    live = _service(call, account)["properties"]
    call.world.resources.hidden(account["id"])[_kind_of_service(call)] = changed_service(live, wanted)
    head = _head(call) if "properties" in call.body else {"name": _head(call)["name"]}
    return Answer(head | ({"properties": wanted} if "properties" in call.body else {}))


@endpoints.on("PUT", _CONTAINER, lacks="immutability, legal holds and encryption scopes")
async def put_container(call: Call) -> Answer:
    """Create a container, or update it. The answer says nothing of one for which nothing was asked."""
    existing = _require(call, call["container"])
    if existing is None:
        await call.world.runtime.blobs.create_container(call["account"], call["container"])
    wanted = call.body.get("properties") or {}
    properties = existing["properties"] if existing else new_container()
    given = {key: wanted[key] for key in SETTABLE_OF_CONTAINER if wanted.get(key) is not None}
    _put(call, properties | given)
    told = {"properties": CREATED_CONTAINER | given} if "properties" in call.body else {}
    return Answer(_head(call) | told, 200 if existing else 201)


@endpoints.on("PATCH", _CONTAINER)
async def patch_container(call: Call) -> Answer:
    """Update a container."""
    _existing_container(call)
    return await put_container(call)


@endpoints.on("GET", _CONTAINER)
async def get_container(call: Call) -> Answer:
    """One container."""
    return Answer(with_lease(call.world.resources, _existing_container(call)))


@endpoints.on("POST", _CONTAINER + "/lease")
async def lease(call: Call) -> Answer:
    """Acquire, renew, change, release or break the lease of a container."""
    return await lease_container(call, _existing_container(call))


@endpoints.on("DELETE", _CONTAINER)
async def delete_container(call: Call) -> Answer:
    """Delete a container with its blobs."""
    container = call.world.resources.find(call.id)
    if container is None:
        return Answer(status=204)
    refuse_leased(call.world.resources, container)
    await call.world.runtime.blobs.delete_container(call["account"], call["container"])
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("GET", _CONTAINERS)
async def list_containers(call: Call) -> Answer:
    """The containers of an account."""
    resources = call.world.resources
    return Answer({"value": [listed_container(with_lease(resources, each)) for each in resources.below(call.id)]})


@endpoints.on("PUT", _SHARE, lacks="NFS and snapshots; the quota is not enforced")
async def put_share(call: Call) -> Answer:
    """Create a share, or update it. The answer says only what was asked for."""
    existing = _require(call, call["share"])
    wanted = call.body.get("properties") or {}
    given = {key: wanted[key] for key in ("shareQuota", "metadata", "accessTier") if wanted.get(key) is not None}
    live = existing["properties"] if existing else new_share(given)
    properties = live | given | tier_of_share(given.get("accessTier"))
    _require_quota(call, properties["shareQuota"])
    call.world.runtime.shares.ensure(call["account"], call["share"])
    _put(call, properties)
    return Answer({**_head(call), "properties": given}, 200 if existing else 201)


@endpoints.on("PATCH", _SHARE)
async def patch_share(call: Call) -> Answer:
    """Update a share."""
    _existing_share(call)
    return await put_share(call)


@endpoints.on("GET", _SHARE)
async def get_share(call: Call) -> Answer:
    """One share, with its usage in bytes for `$expand=stats`."""
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
    expanded = call.query.get("$expand", "")
    return Answer({"value": [listed_share(each, expanded) for each in call.world.resources.below(call.id)]})


def _account(call: Call) -> Body:
    account = call.world.resources.find(ACCOUNT.format_map(call.params))
    if account is None:
        raise call.not_found()
    return account


def _kind_of_service(call: Call) -> str:
    return call.type.rpartition("/")[2]


def _service(call: Call, account: Body) -> Body:
    kind = _kind_of_service(call)
    return _head(call) | {"properties": new_service(kind) | call.world.resources.hidden(account["id"]).get(kind, {})}


def _head(call: Call) -> Body:
    return {"id": call.id, "name": call.id.rpartition("/")[2], "type": call.type}


def _put(call: Call, properties: dict[str, Any]) -> Body:
    etag, changed = etag_and_time()
    return call.world.resources.put(
        {**_head(call), "etag": etag, "properties": properties | {"lastModifiedTime": changed}}
    )


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
    largest = _LARGE_QUOTA if large else STANDARD_QUOTA
    if not isinstance(quota, int) or not 1 <= quota <= largest:
        raise ArmError(
            400,
            "InvalidHeaderValue",
            f"The value for one of the HTTP headers is not in the correct format: x-ms-share-quota has to be "
            f"between 1 and {largest}.",
        )
