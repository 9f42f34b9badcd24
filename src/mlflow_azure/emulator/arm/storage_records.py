"""Microsoft.Storage: shares created and deleted through the file endpoint are resources too."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.storage import ACCOUNT_TYPE
from mlflow_azure.emulator.arm.storage_services_defaults import etag_and_time, new_share
from mlflow_azure.emulator.runtime.files.records import Records

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World


def connect(world: World) -> None:
    """Give the file endpoints access to the resources of shares."""
    world.runtime.files.records = Records(partial(_quota, world), partial(_keep, world), partial(_drop, world))


def _quota(world: World, account: str, share: str) -> int:
    found = world.resources.find(_id(world, account, share))
    return int(found["properties"]["shareQuota"]) if found else 0


def _keep(world: World, account: str, share: str, quota: int) -> None:
    resource_id = _id(world, account, share)
    found = world.resources.find(resource_id)
    etag, changed = etag_and_time()
    properties = (found["properties"] if found else new_share({})) | {"shareQuota": quota, "lastModifiedTime": changed}
    kind = f"{ACCOUNT_TYPE}/fileServices/shares"
    world.resources.put({"id": resource_id, "name": share, "type": kind, "etag": etag, "properties": properties})


def _drop(world: World, account: str, share: str) -> None:
    world.resources.remove(_id(world, account, share))


def _id(world: World, account: str, share: str) -> str:
    of_account = next(each for each in world.resources.of_type(ACCOUNT_TYPE) if each["name"] == account)
    return f"{of_account['id']}/fileServices/default/shares/{share}"
