"""Microsoft.DBforPostgreSQL: flexible servers. Their parts are in `postgres_parts` and related modules."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm import postgres_rules as rules
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import remove_resources, tracked, undone_on_failure
from mlflow_azure.emulator.arm.postgres_defaults import SKUS, VERSIONS, new_properties, now, storage
from mlflow_azure.emulator.arm.postgres_networks import choose_network, name_fault
from mlflow_azure.emulator.arm.postgres_operations import (
    PROVIDER,
    SERVER,
    SERVER_TYPE,
    SERVERS,
    accepted,
    refused,
    require_ready,
    settled,
)
from mlflow_azure.emulator.arm.postgres_sign_in import ServerGate, set_password
from mlflow_azure.emulator.arm.regions import display_name, region_name
from mlflow_azure.emulator.runtime.database.databases import MANAGED_DATABASES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/postgresql/servers")

_UPSERT, _DROP = "UpsertServerManagementOperationV2", "DropServerManagementOperation"
# The state after a power operation, and the states it needs.
_POWER = {"Stopping": ("Stopped", "Ready"), "Starting": ("Ready", "Stopped")}
# Parts of `properties` that a request may update partially.
_NESTED = ("network", "backup", "highAvailability", "maintenanceWindow", "authConfig")


@endpoints.on("PUT", SERVER, lacks="customer-managed keys, replicas, restores and high availability")
async def put_server(call: Call) -> Answer:
    """Create a server, or update one (long-running)."""
    if call.world.resources.find(call.id):
        return await patch_server(call)
    rules.require_name(call.world, call["server"])
    body, password = _wanted(call, None)
    if region_name(body["location"]) in call.world.settings.get("quota", {}).get("offerRestricted", []):
        return await _offer_restricted(call, body["location"])
    if fault := name_fault(body):
        return await refused(call, body["location"], _UPSERT, *fault)
    if call.world.quirks.strikes("server_name_held", call["server"]):
        return await _name_held(call, body["location"])
    body["properties"]["state"] = "Provisioning"
    call.world.resources.put(body)
    if not call.failure:
        with undone_on_failure(call):
            await _open_new(call.world, body, password)
    return await accepted(call, body, _UPSERT, "create postgres server")


@endpoints.on("PATCH", SERVER, lacks="a major version upgrade")
async def patch_server(call: Call) -> Answer:
    """Update the given properties of a server (long-running)."""
    server = await settled(call)
    require_ready(call.world, server)
    body, password = _wanted(call, server)
    if call.failure:
        body, password = server, ""
    body["properties"]["state"] = "Updating"
    call.world.resources.put(body)
    await open_server(call.world, body)
    if password:
        await set_password(call.world, body, password)
    return await accepted(call, body, _UPSERT, "update postgres server")


@endpoints.on("GET", SERVER)
async def get_server(call: Call) -> Answer:
    """One server."""
    return Answer(await settled(call))


@endpoints.on("DELETE", SERVER, lacks="restoring a deleted server within five days")
async def delete_server(call: Call) -> Answer:
    """Delete a server with its databases (long-running)."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    server = await settled(call)
    require_ready(call.world, server, "Stopped")
    server["properties"]["state"] = "Dropping"
    return await accepted(call, server, _DROP, "delete postgres server")


@endpoints.on("GET", PROVIDER + "/flexibleServers")
async def list_servers(call: Call) -> Answer:
    """The servers of a subscription."""
    return await _list(call, f"/subscriptions/{call['subscription']}")


@endpoints.on("GET", SERVERS)
async def list_group_servers(call: Call) -> Answer:
    """The servers of a group."""
    return await _list(call, f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}")


@endpoints.on("POST", SERVER + "/restart", lacks="a failover")
async def restart_server(call: Call) -> Answer:
    """Restart PostgreSQL (long-running)."""

    async def again(server: Body) -> None:
        await call.world.runtime.databases.suspend(server["name"])
        await open_server(call.world, server)

    return await _power(call, "Ready", "Restarting", "RestartServerManagementOperation", again)


@endpoints.on("POST", SERVER + "/stop", lacks="the automatic start after seven days")
async def stop_server(call: Call) -> Answer:
    """Stop PostgreSQL; the data is kept (long-running)."""

    async def end(server: Body) -> None:
        await call.world.runtime.databases.suspend(server["name"])

    return await _power(call, "Ready", "Stopping", "StopServerManagementOperation", end)


@endpoints.on("POST", SERVER + "/start")
async def start_server(call: Call) -> Answer:
    """Start PostgreSQL again (long-running)."""

    async def begin(server: Body) -> None:
        await open_server(call.world, server)

    return await _power(call, "Stopped", "Starting", "StartServerManagementOperation", begin)


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def created(server_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if not succeeded:
            await remove_resources(world, server_id)
            return
        await ready(server_id, succeeded=True)
        if server := world.resources.find(server_id):
            # Of the first backup, minutes after the creation; recorded in 2023 and 2026, to version 2025-08-01.
            server["properties"]["backup"]["earliestRestoreDate"] = now()
        world.quirks.begin("server_busy", server_id)

    async def ready(server_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if server := world.resources.find(server_id):
            reached, left = _POWER.get(server["properties"]["state"], ("Ready", "Ready"))
            server["properties"]["state"] = reached if succeeded else left

    async def deleted(server_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        if succeeded:
            await remove_resources(world, server_id)
        else:
            await ready(server_id, succeeded=False)

    world.operations.register("create postgres server", created)
    world.operations.register("update postgres server", ready)
    world.operations.register("delete postgres server", deleted)


async def reopen_server(world: World, server: Body) -> None:
    """Serve a server again after a restart of the emulator, unless it is stopped."""
    if server["properties"]["state"] not in ("Stopped", "Stopping"):
        await open_server(world, server)


async def open_server(world: World, server: Body) -> str:
    """Serve a server; return its permanent address."""
    name = server["name"]
    size = SKUS[server["sku"]["name"]].max_connections
    gate = ServerGate(world, server["id"])
    return await world.runtime.databases.ensure(name, world.ports.of(f"postgres/{name}"), gate, size)


async def _list(call: Call, under: str) -> Answer:
    for server in call.world.resources.of_type(SERVER_TYPE, under):
        await call.world.operations.settle(server["id"])
    return Answer({"value": call.world.resources.of_type(SERVER_TYPE, under)})


async def _open_new(world: World, server: Body, password: str) -> None:
    await world.runtime.databases.remove(server["name"])  # left by an interrupted creation
    server["properties"]["fullyQualifiedDomainName"] = await open_server(world, server)
    for name in ("postgres", *MANAGED_DATABASES):
        database = {"charset": "UTF8", "collation": "en_US.utf8"}
        kind = f"{SERVER_TYPE}/databases"
        world.resources.put(
            {"properties": database, "id": f"{server['id']}/databases/{name}", "name": name, "type": kind}
        )
    if password:
        await set_password(world, server, password)


async def _power(call: Call, needed: str, during: str, name: str, work: Callable[[Body], Awaitable[None]]) -> Answer:
    """Do `work` on a server in the required state.

    That the refusal comes with the operation: github.com/hashicorp/terraform-provider-azurerm/issues/29219. The text:
    https://learn.microsoft.com/azure/postgresql/configure-maintain/how-to-restart-server; for a start it is assumed.
    """
    server = await settled(call)
    state = server["properties"]["state"]
    if state != needed:
        expected = "Restart or Stop Server can only be performed on Started" if needed == "Ready" else None
        expected = expected or "Start Server can only be performed on Stopped"
        message = f"{expected} servers. Server Name = {server['name']}, Current Server State = {state}"
        return await refused(call, server["location"], name, "ServerIsNotReady", message)
    server["properties"]["state"] = during
    if not call.failure:
        await work(server)
    return await accepted(call, server, name, "update postgres server")


async def _offer_restricted(call: Call, location: str) -> Answer:
    """Code and text, and that they come with the operation: github.com/adamdost-0/linux-update-cds/issues/14."""
    message = (
        f"Subscriptions are restricted from provisioning in location '{region_name(location)}'. Try again in a "
        "different location. See https://aka.ms/postgres-request-quota-increase"
    )
    return await refused(call, location, _UPSERT, "LocationIsOfferRestricted", message)


async def _name_held(call: Call, location: str) -> Answer:
    """For more than five minutes after a deletion: github.com/Azure/azure-sdk-for-python/issues/34351."""
    message = f"An unexpected error occured while processing the request. Tracking ID: '{uuid.uuid4()}'"
    return await refused(call, location, _UPSERT, "InternalServerError", message)


def _wanted(call: Call, live: Body | None) -> tuple[Body, str]:
    """Return the server described by a request, and its administrator's new password (empty: none)."""
    body = tracked(call, live and {"tags": {}, **live})
    body["location"] = display_name(body["location"])
    if not body["tags"]:
        del body["tags"]  # without tags, the field is missing: recorded
    sku = call.body.get("sku") or (live["sku"] if live else {})
    body["sku"] = rules.require_sku(sku if live is None else live["sku"] | sku)
    body["systemData"] = live["systemData"] if live else {"createdAt": now()}
    if identity := call.body.get("identity") or (live or {}).get("identity"):
        body["identity"] = {**identity, "tenantId": call.world.tenant_of(call["subscription"])}
    wanted: dict[str, Any] = call.body.get("properties") or {}
    properties = dict(live["properties"] if live else new_properties(body["sku"]["name"]))
    for part in _NESTED:
        chosen = {name: value for name, value in (wanted.get(part) or {}).items() if value is not None}
        properties[part] = properties[part] | chosen
    choose_network(call.world, body, properties, live and live["properties"])
    if live is None:
        properties["version"] = rules.require_version(str(wanted.get("version") or properties["version"]))
        properties["minorVersion"] = VERSIONS[properties["version"]]
        properties["availabilityZone"] = wanted.get("availabilityZone") or properties["availabilityZone"]
    _choose_storage(properties, wanted.get("storage") or {}, is_new=live is None)
    password = _choose_sign_in(call, properties, wanted, is_new=live is None)
    body["properties"] = properties
    return body, password


def _choose_storage(properties: dict[str, Any], wanted: dict[str, Any], *, is_new: bool) -> None:
    live = properties["storage"]
    size = live["storageSizeGB"]
    if "storageSizeGB" in wanted:
        size = rules.require_storage(wanted["storageSizeGB"], 0 if is_new else size)
    properties["storage"] = storage(
        live | {name: wanted[name] for name in ("autoGrow", "type") if wanted.get(name)}, size
    )


def _choose_sign_in(call: Call, properties: dict[str, Any], wanted: dict[str, Any], *, is_new: bool) -> str:
    """Determine the sign-in methods; return the administrator's new password."""
    auth = properties["authConfig"]
    if auth["activeDirectoryAuth"] == "Enabled":
        auth["tenantId"] = auth.get("tenantId") or call.world.tenant_of(call["subscription"])
    else:
        auth.pop("tenantId", None)
    login = str(properties.get("administratorLogin") or wanted.get("administratorLogin") or "")
    password = str(wanted.get("administratorLoginPassword") or "")
    known = not is_new and bool(call.world.resources.hidden(call.id).get("has_password"))
    if is_new or "authConfig" in wanted or password:
        rules.require_credentials(auth, login, password or ("Kept-as-1t-is" if known else ""))
    if login and auth["passwordAuth"] == "Enabled":
        properties["administratorLogin"] = login
        return password
    return ""
