"""Microsoft.DBforPostgreSQL: the parameters of a server: PostgreSQL's own, and some that only Azure has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.postgres_operations import SERVER, accepted, require_ready, settled
from mlflow_azure.emulator.runtime.database.protocol import SqlError, identifier, literal

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/postgresql/configurations")

_CONFIGURATION = SERVER + "/configurations/{configuration}"
_UPSERT = "UpdateOrcasServerParameterManagementOperation"  # recorded in 2025, versions 2022-12-01 to 2024-08-01
_COLUMNS = "name, short_desc, vartype, setting, boot_val, enumvals, min_val, max_val, context, pending_restart, unit"
_DATA_TYPES = {"bool": "Boolean", "enum": "Enumeration", "integer": "Integer", "real": "Numeric", "string": "String"}
# Set by the service only (https://learn.microsoft.com/azure/postgresql/server-parameters).
_READ_ONLY = ("internal", "superuser-only")
_SERVICE_ONLY = {"listen_addresses", "port", "unix_socket_directories", "unix_socket_permissions", "fsync", "ssl"}
# Stored by the emulator, with defaults and allowed values.
_OF_AZURE = {
    "require_secure_transport": ("Whether client connections to the server are required to use TLS.", "on", "on,off"),
    "azure.extensions": ("Specifies which extensions are allowed to be created in the server.", "", ""),
    # Recorded in 2025, version 2022-12-01. Nothing is audited here.
    "pgaudit.log": (
        "Specifies which classes of statements will be logged by session audit logging.",
        "none",
        "none,read,write,function,role,ddl,misc,all",
    ),
}
_LINKS = {"pgaudit.log": "https://github.com/pgaudit/pgaudit/blob/master/README.md"}


@endpoints.on("GET", _CONFIGURATION)
async def get_configuration(call: Call) -> Answer:
    """One parameter."""
    server = await settled(call)
    return Answer(await _described(call, server, call["configuration"]))


@endpoints.on("GET", SERVER + "/configurations")
async def list_configurations(call: Call) -> Answer:
    """All parameters."""
    server = await settled(call)
    rows = await _settings(call, server, "")
    own = [_own(call, server, name) for name in _OF_AZURE]
    return Answer({"value": [*own, *(_setting(server, row) for row in rows)]})


@endpoints.on("PUT", _CONFIGURATION)
@endpoints.on("PATCH", _CONFIGURATION)
async def put_configuration(call: Call) -> Answer:
    """Set a parameter (long-running); some need a restart of the server."""
    server = await settled(call)
    require_ready(call.world, server)
    name = call["configuration"]
    live = (await _described(call, server, name))["properties"]
    value = str((call.body.get("properties") or {}).get("value") or "")
    if live["isReadOnly"]:
        raise ArmError(400, "InvalidParameterValue", f"The parameter '{name}' is read-only.")
    if name in _OF_AZURE:
        allowed = _OF_AZURE[name][2]
        if allowed and not set(value.lower().split(",")) <= set(allowed.split(",")):
            raise ArmError(400, "InvalidParameterValue", f"Invalid value given for parameter '{name}'.")
        call.world.resources.hidden(server["id"])[name] = value
    elif not call.failure:
        await _alter(call, server, name, value)
    server["properties"]["state"] = "Updating"
    return await accepted(call, server, _UPSERT, "update postgres server")


async def _alter(call: Call, server: Body, name: str, value: str) -> None:
    sql = call.world.runtime.databases.sql
    try:
        await sql(server["name"], f"ALTER SYSTEM SET {identifier(name)} = {literal(value)}")
    except SqlError as refused:
        raise ArmError(
            400, "InvalidParameterValue", f"Invalid value given for parameter '{name}': {refused}"
        ) from refused
    await sql(server["name"], "SELECT pg_reload_conf()")


async def _described(call: Call, server: Body, name: str) -> Body:
    if name in _OF_AZURE:
        return _own(call, server, name)
    rows = await _settings(call, server, f"WHERE name = {literal(name)}")
    if not rows:
        raise ArmError(404, "ConfigurationNotFound", f"The configuration '{name}' does not exist.")
    return _setting(server, rows[0])


async def _settings(call: Call, server: Body, which: str) -> list[dict[str, str | None]]:
    if server["properties"]["state"] in ("Stopped", "Stopping"):
        raise ArmError(409, "ServerIsNotReady", f"Server '{server['name']}' is stopped.")
    select = f"SELECT {_COLUMNS} FROM pg_settings {which} ORDER BY name"  # noqa: S608 - `which` is quoted
    rows = await call.world.runtime.databases.sql(server["name"], select)
    return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]


def _setting(server: Body, row: dict[str, str | None]) -> Body:
    name = str(row["name"])
    kind = str(row["vartype"])
    return _configuration(
        server,
        name,
        {
            "value": row["setting"] or "",
            "description": row["short_desc"],
            "defaultValue": row["boot_val"] or "",
            "dataType": _DATA_TYPES[kind],
            "allowedValues": _allowed(kind, row),
            "source": "system-default" if row["setting"] == row["boot_val"] else "user-override",
            "isDynamicConfig": row["context"] != "postmaster",
            "isReadOnly": row["context"] in _READ_ONLY or name in _SERVICE_ONLY,
            "isConfigPendingRestart": row["pending_restart"] == "t",
            **({"unit": row["unit"]} if row["unit"] else {}),
        },
    )


def _allowed(kind: str, row: dict[str, str | None]) -> str:
    if kind == "bool":
        return "on,off"
    if kind == "enum":
        return (row["enumvals"] or "").strip("{}")
    return "" if kind == "string" else f"{row['min_val']}-{row['max_val']}"


def _own(call: Call, server: Body, name: str) -> Body:
    description, default, allowed = _OF_AZURE[name]
    value = call.world.resources.hidden(server["id"]).get(name, default)
    return _configuration(
        server,
        name,
        {
            "value": value,
            "description": description,
            "defaultValue": default,
            "dataType": "Boolean" if allowed == "on,off" else "Set",
            "allowedValues": allowed,
            "source": "system-default" if value == default else "user-override",
            "isDynamicConfig": True,
            "isReadOnly": False,
            "isConfigPendingRestart": False,
            **({"documentationLink": _LINKS[name]} if name in _LINKS else {}),
        },
    )


def _configuration(server: Body, name: str, properties: dict[str, Any]) -> Body:
    kind = f"{server['type']}/configurations"
    return {"properties": properties, "id": f"{server['id']}/configurations/{name}", "name": name, "type": kind}
