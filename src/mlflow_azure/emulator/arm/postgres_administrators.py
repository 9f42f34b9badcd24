"""Microsoft.DBforPostgreSQL: the Microsoft Entra principals that administer a server, each a role in its PostgreSQL."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.postgres_operations import SERVER, refused, settled
from mlflow_azure.emulator.arm.postgres_parts import listed, part, write
from mlflow_azure.emulator.arm.postgres_rules import is_reserved
from mlflow_azure.emulator.arm.postgres_sign_in import make_administrator
from mlflow_azure.emulator.runtime.database.databases import ADMINISTRATORS
from mlflow_azure.emulator.runtime.database.protocol import SqlError, identifier

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/postgresql/administrators-microsoft-entra")

_ADMINISTRATOR = SERVER + "/administrators/{object}"
_UPSERT, _DROP = "UpsertAadAuthPrincipalManagementOperation", "DropAadAuthPrincipalManagementOperation"
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TYPES = ("Unknown", "User", "Group", "ServicePrincipal")
# PostgreSQL truncates longer names.
_LONGEST_ROLE = 63


@endpoints.on(
    "PUT", _ADMINISTRATOR, lacks="sign-in of a group's members with its name, and the functions `pgaadauth_*` in SQL"
)
async def put_administrator(call: Call) -> Answer:
    """Make a principal an administrator of a server, with the role `principalName` (long-running)."""
    server = await settled(call)
    _require_accessible(call, server)
    wanted = call.body.get("properties") or {}
    role, kind = str(wanted.get("principalName") or ""), str(wanted.get("principalType") or "Unknown")
    if not _OBJECT_ID.fullmatch(call["object"]) or kind not in _TYPES:
        raise invalid_content("an object id and a 'principalType' are required.")
    if not 1 <= len(role.encode()) <= _LONGEST_ROLE or is_reserved(role):
        raise ArmError(400, "InvalidParameterValue", f"'{role}' is not a valid principal name.")
    if not call.world.knows_principal(call["object"]):
        return await _unknown(call, server)
    if not call.failure:
        await make_administrator(call.world, server["name"], role)
    tenant = wanted.get("tenantId") or server["properties"]["authConfig"]["tenantId"]
    properties = {"principalType": kind, "principalName": role, "objectId": call["object"], "tenantId": tenant}
    # Its name is the principal's, not the last part of its id: recorded.
    return await write(call, server, _UPSERT, part(call, properties) | {"name": role})


@endpoints.on("GET", _ADMINISTRATOR)
async def get_administrator(call: Call) -> Answer:
    """One administrator."""
    await settled(call)
    return Answer(call.resource())


@endpoints.on("GET", SERVER + "/administrators")
async def list_administrators(call: Call) -> Answer:
    """The administrators of a server."""
    return await listed(call, "administrators")


@endpoints.on("DELETE", _ADMINISTRATOR)
async def delete_administrator(call: Call) -> Answer:
    """Remove an administrator (long-running)."""
    server = await settled(call)
    live = call.world.resources.find(call.id)
    if live is None:
        return Answer(status=204)
    _require_accessible(call, server)
    if not call.failure:
        await _drop(call, server["name"], live["properties"]["principalName"])
    return await write(call, server, _DROP, None)


async def _drop(call: Call, server: str, role: str) -> None:
    """Drop a role, or revoke its rights if it owns objects (what Azure does then is assumed)."""
    sql, quoted = call.world.runtime.databases.sql, identifier(role)
    await sql(server, f"REVOKE {ADMINISTRATORS} FROM {quoted}")
    await sql(server, f"ALTER ROLE {quoted} NOLOGIN NOCREATEDB NOCREATEROLE NOREPLICATION")
    with suppress(SqlError):
        await sql(server, f"DROP ROLE {quoted}")


def _require_accessible(call: Call, server: Body) -> None:
    """Refuse a change of administrators while another write is in progress, or shortly after the creation.

    Code and words: github.com/Azure/azure-postgresql/issues/127. The response of a server without Microsoft Entra is
    assumed.

    Raises:
        ArmError: It is refused.

    """
    busy = server["properties"]["state"] != "Ready" or call.world.quirks.strikes("server_busy", server["id"])
    if busy:
        raise ArmError(
            409,
            "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
            f"The server '{server['name']}' is not in an accessible state to perform Azure AD Principal operation. "
            "Please make sure the server is accessible before executing Azure AD Principal operations.",
        )
    if server["properties"]["authConfig"]["activeDirectoryAuth"] != "Enabled":
        raise ArmError(
            400,
            "AadAuthenticationNotEnabled",
            f"Microsoft Entra authentication is not enabled on server '{server['name']}'.",
        )


async def _unknown(call: Call, server: Body) -> Answer:
    """The text: github.com/MicrosoftDocs/azure-docs/issues/121503 and pull/117206. The code is assumed."""
    message = (
        "Failed to create Azure AD Principal. Reason - 0LP01: Could not validate AAD user "
        f"{call['object']} because its name is not found in the tenant."
    )
    return await refused(call, server["location"], _UPSERT, "AadAuthPrincipalCreateFailed", message)
