"""Microsoft.Storage: the keys of storage accounts, and what stops working with an old key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.storage import ACCOUNT, new_key, now, open_account
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.web_mounts import state
from mlflow_azure.emulator.arm.web_plans import SITE_TYPE

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/storagerp/storage-accounts")


@endpoints.on("POST", ACCOUNT + "/listKeys")
async def list_keys(call: Call) -> Answer:
    """The two keys of an account."""
    account = call.resource()
    created = account["properties"]["keyCreationTime"]
    keys = [
        {"creationTime": created[name], "keyName": name, "value": value, "permissions": "FULL"}
        for name, value in call.world.resources.hidden(call.id)["keys"].items()
    ]
    return Answer({"keys": keys})


@endpoints.on("POST", ACCOUNT + "/regenerateKey")
async def regenerate_key(call: Call) -> Answer:
    """Regenerate a key; the old one is no longer accepted."""
    account = call.resource()
    keys = call.world.resources.hidden(call.id)["keys"]
    if call.body.get("keyName") not in keys:
        raise invalid_content("'keyName' has to be key1 or key2.")
    keys[call.body["keyName"]] = new_key()
    account["properties"]["keyCreationTime"][call.body["keyName"]] = now()
    await open_account(call.world, account)
    await _break_mounts(call.world, account["name"])
    return await list_keys(call)


async def _break_mounts(world: World, account: str) -> None:
    """Notify the web apps that mount a share of the account.

    App Service reads from a mount every five seconds, and restarts the app after 18 failures; here immediately. The
    section "Storage mount health checks" of https://learn.microsoft.com/azure/app-service/configure-connect-to-azure-storage.
    That the old container does not respond in the meantime is assumed: its data is on the share.
    """
    for site in world.resources.of_type(SITE_TYPE):
        mounts = world.resources.hidden(site["id"])["azurestorageaccounts"].values()
        if any(mount.get("accountName") == account and state(world, mount) != "Ok" for mount in mounts):
            await run_site(world, site)
            world.runtime.sites.lose_mounts(site["name"])
