"""Microsoft.DBforPostgreSQL: databases and firewall rules, and writing any part of a server.

A server accepts one write at a time. During it, its state is Updating, and the part exists, or is gone, at the end.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.postgres_networks import SUBNET
from mlflow_azure.emulator.arm.postgres_operations import SERVER, accepted, require_ready, settled
from mlflow_azure.emulator.runtime.database.databases import ADMINISTRATORS, MANAGED_DATABASES
from mlflow_azure.emulator.runtime.database.protocol import SqlError, identifier, literal

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/postgresql/databases")

_DATABASE = SERVER + "/databases/{database}"
_RULE = SERVER + "/firewallRules/{rule}"
_WRITE = "write part of postgres server"
_RULES = "https://learn.microsoft.com/rest/api/postgresql/firewall-rules"
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, Microsoft.DBforPostgreSQL
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_RULE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_DEFAULTS = {"charset": "UTF8", "collation": "en_US.utf8"}


@endpoints.on("PUT", _DATABASE, lacks="collations: text is sorted by code point")
async def put_database(call: Call) -> Answer:
    """Create a database, owned by azure_pg_admin (long-running). An existing one is not changed."""
    server = await settled(call)
    require_ready(call.world, server)
    if not _DATABASE_NAME.fullmatch(call["database"]):
        raise ArmError(400, "InvalidDatabaseName", f"'{call['database']}' is not a valid database name.")
    wanted = {name: value for name, value in (call.body.get("properties") or {}).items() if value is not None}
    live = call.world.resources.find(call.id)
    if not live and not call.failure:
        await _create(call.world, server["name"], call["database"])
    properties = live["properties"] if live else _DEFAULTS | wanted
    return await write(call, server, "UpsertServerDatabaseManagementOperation", part(call, properties))


@endpoints.on("GET", _DATABASE)
async def get_database(call: Call) -> Answer:
    """One database."""
    await settled(call)
    return Answer(call.resource())


@endpoints.on("GET", SERVER + "/databases")
async def list_databases(call: Call) -> Answer:
    """The databases of a server, including the service's own."""
    return await listed(call, "databases")


@endpoints.on("DELETE", _DATABASE)
async def delete_database(call: Call) -> Answer:
    """Delete a database with its data (long-running)."""
    server = await settled(call)
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    require_ready(call.world, server)
    if call["database"] in ("postgres", *MANAGED_DATABASES):
        raise ArmError(400, "InvalidParameterValue", f"Database '{call['database']}' is a system database.")
    if not call.failure:
        # That sessions do not prevent the deletion is assumed.
        await call.world.runtime.databases.sql(server["name"], f"DROP DATABASE {_quoted(call)} WITH (FORCE)")
    return await write(call, server, "DropServerDatabaseManagementOperation", None)


@endpoints.on("PUT", _RULE, reference=_RULES)
async def put_rule(call: Call) -> Answer:
    """Create or update a firewall rule (long-running): 0.0.0.0 to 0.0.0.0 means all Azure services."""
    server = await settled(call)
    require_ready(call.world, server)
    if server["properties"]["network"].get(SUBNET):
        raise ArmError(400, "InvalidParameterValue", "A server in a virtual network has no firewall rules.")
    if not _RULE_NAME.fullmatch(call["rule"]):
        raise ArmError(400, "InvalidFirewallRuleName", f"'{call['rule']}' is not a valid firewall rule name.")
    wanted = call.body.get("properties") or {}
    addresses = {name: _address(name, wanted.get(name)) for name in ("startIpAddress", "endIpAddress")}
    if ipaddress.IPv4Address(addresses["startIpAddress"]) > ipaddress.IPv4Address(addresses["endIpAddress"]):
        raise ArmError(400, "InvalidParameterValue", "The start IP address is after the end IP address.")
    return await write(call, server, "UpsertServerFirewallRulesManagementOperation", part(call, addresses))


@endpoints.on("GET", _RULE, reference=_RULES)
async def get_rule(call: Call) -> Answer:
    """One firewall rule."""
    await settled(call)
    return Answer(call.resource())


@endpoints.on("GET", SERVER + "/firewallRules", reference=_RULES)
async def list_rules(call: Call) -> Answer:
    """The firewall rules of a server."""
    return await listed(call, "firewallRules")


@endpoints.on("DELETE", _RULE, reference=_RULES)
async def delete_rule(call: Call) -> Answer:
    """Delete a firewall rule (long-running). Existing sessions continue."""
    server = await settled(call)
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    require_ready(call.world, server)
    return await write(call, server, "DropServerFirewallRulesManagementOperation", None)


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def written(server_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        server = world.resources.find(server_id)
        if server is None:
            return
        pending = world.resources.hidden(server_id).pop("pending")
        if succeeded and pending["body"]:
            world.resources.put(pending["body"])
        elif succeeded:
            world.resources.remove(pending["id"])
        server["properties"]["state"] = "Ready"

    world.operations.register(_WRITE, written)


async def write(call: Call, server: Body, name: str, body: Body | None) -> Answer:
    """Begin to write a request's part of a server, or to remove it if `body` is None."""
    server["properties"]["state"] = "Updating"
    call.world.resources.hidden(server["id"])["pending"] = {"id": call.id, "body": body}
    return await accepted(call, server, name, _WRITE)


async def listed(call: Call, kind: str) -> Answer:
    """Return a server's parts of one kind."""
    server = await settled(call)
    return Answer({"value": call.world.resources.of_type(f"{server['type']}/{kind}", server["id"])})


def part(call: Call, properties: dict[str, Any]) -> Body:
    """Return a part of a server."""
    return {"properties": properties, "id": call.id, "name": call.id.rpartition("/")[2], "type": call.type}


async def _create(world: World, server: str, database: str) -> None:
    """Create the real database, unless somebody did so in SQL. That azure_pg_admin owns it is assumed."""
    sql = world.runtime.databases.sql
    if await sql(server, f"SELECT FROM pg_database WHERE datname = {literal(database)}"):
        return
    try:
        await sql(server, f"CREATE DATABASE {identifier(database)} OWNER {ADMINISTRATORS}")
    except SqlError as refused:
        raise ArmError(400, "DatabaseCreateFailed", str(refused)) from refused


def _quoted(call: Call) -> str:
    return identifier(call.id.rpartition("/")[2])


def _address(name: str, value: Any) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ipaddress.AddressValueError as error:
        raise invalid_content(f"'{name}' has to be an IPv4 address.") from error
