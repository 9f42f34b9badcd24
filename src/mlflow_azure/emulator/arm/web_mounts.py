"""A web app's Azure Files mounts, and whether they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.storage import ACCOUNT_TYPE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World


def with_states(world: World, mounts: dict[str, Any]) -> dict[str, Any]:
    """Return the mounts as in App Service's responses, each with its `state`."""
    return {name: {"protocol": "Smb", **mount, "state": state(world, mount)} for name, mount in mounts.items()}


def state(world: World, mount: dict[str, Any]) -> str:
    """Return the state of a mount: "Ok", "InvalidCredentials" or "InvalidShare"."""
    account = find_account(world, mount.get("accountName", ""))
    if account is None or account["properties"].get("allowSharedKeyAccess") is False:
        return "InvalidCredentials"
    if mount.get("accessKey") not in world.resources.hidden(account["id"])["keys"].values():
        return "InvalidCredentials"
    share = f"{account['id']}/fileServices/default/shares/{mount.get('shareName')}"
    return "Ok" if world.resources.find(share) else "InvalidShare"


def find_account(world: World, name: str) -> Body | None:
    """Return the storage account with this name."""
    return next((each for each in world.resources.of_type(ACCOUNT_TYPE) if each["name"] == name), None)
