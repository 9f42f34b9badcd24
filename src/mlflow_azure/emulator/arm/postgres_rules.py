"""Validation of requests for a PostgreSQL flexible server.

If no response of the service was found, its code is assumed; what it refuses is documented in each case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.postgres_defaults import SKUS, STORAGE, VERSIONS
from mlflow_azure.emulator.arm.postgres_operations import SERVER_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.emulator.arm.world import World

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]")
_RESERVED_LOGINS = {"azure_superuser", "azure_pg_admin", "azuresu", "admin", "administrator", "root", "guest", "public"}
_PASSWORD_LENGTHS = range(8, 129)
_CLASSES_OF_PASSWORD = (r"[A-Z]", r"[a-z]", r"[0-9]", r"[^A-Za-z0-9]")
_CLASSES_NEEDED = 3


def refuse_name(name: str) -> tuple[str, str] | None:
    """Return why a name is not valid for a server. The text: github.com/Azure/azure-powershell/pull/29724."""
    if _NAME.fullmatch(name):
        return None
    message = (
        "Specified server name contains unsupported characters or is too long. Server name must be no longer than 63 "
        "characters long, contain only lower-case characters or digits, cannot contain '.' or '_' characters and "
        "can't start or end with '-' character."
    )
    return "Invalid", message


def refuse_taken(world: World, name: str) -> tuple[str, str] | None:
    """Return why a name is not available: it is a globally unique host name.

    github.com/MicrosoftDocs/azure-docs/issues/63537; the words: github.com/Azure/azure-service-operator/issues/2428.
    """
    own = {server["name"] for server in world.resources.of_type(SERVER_TYPE)}
    if name not in own | world.names_taken("postgres"):
        return None
    return "AlreadyExists", "Specified server name is already used."


def require_name(world: World, name: str) -> None:
    """Refuse a new server with an invalid or taken name. Raises ArmError."""
    if invalid := refuse_name(name):
        raise ArmError(400, "InvalidServerName", invalid[1])
    if taken := refuse_taken(world, name):
        raise ArmError(409, "ServerNameAlreadyExists", taken[1])


def require_sku(wanted: dict[str, Any]) -> dict[str, str]:
    """Return the `sku` of a server. Raises ArmError."""
    name, tier = str(wanted.get("name", "")), str(wanted.get("tier", ""))
    if name not in SKUS:
        raise _out_of_range("Sku", name, SKUS)
    if tier != SKUS[name].tier:
        raise _out_of_range("Tier", tier, [SKUS[name].tier])
    return {"name": name, "tier": tier}


def require_version(version: str) -> str:
    """Return the version of a new server. Raises ArmError."""
    if version not in VERSIONS:
        raise _out_of_range("Version", version, VERSIONS)
    return version


def require_storage(wanted: Any, live: int) -> int:
    """Return a server's new size in gigabytes, given the `live` one.

    Raises:
        ArmError: There is no such size, or it is smaller: storage can only grow
            (https://learn.microsoft.com/azure/postgresql/scale/how-to-scale-storage-size).

    """
    if wanted not in STORAGE:
        raise _out_of_range("storageSizeGB", str(wanted), map(str, STORAGE))
    if wanted < live:
        raise ArmError(400, "InvalidParameterValue", f"The storage size cannot be reduced from {live} to {wanted} GB.")
    return int(wanted)


def require_credentials(auth: dict[str, Any], login: str, password: str) -> None:
    """Refuse a server without any sign-in, or an invalid administrator's name or password.

    https://learn.microsoft.com/azure/postgresql/configure-maintain/quickstart-create-server

    Raises:
        ArmError: It is refused.

    """
    if {auth["activeDirectoryAuth"], auth["passwordAuth"]} == {"Disabled"}:
        raise ArmError(
            400,
            "InvalidParameterValue",
            "Microsoft Entra authentication and password authentication cannot both be disabled.",
        )
    if auth["passwordAuth"] == "Disabled":
        return
    if not login or not password:
        raise invalid_content(
            "'administratorLogin' and 'administratorLoginPassword' are required while password authentication is "
            "enabled."
        )
    if is_reserved(login):
        raise ArmError(400, "InvalidParameterValue", f"'{login}' is not a valid administrator login: it is reserved.")
    classes = sum(bool(re.search(each, password)) for each in _CLASSES_OF_PASSWORD)
    if len(password) not in _PASSWORD_LENGTHS or classes < _CLASSES_NEEDED:
        raise ArmError(
            400,
            "PasswordNotComplex",
            "Password validation failed. The password does not meet policy requirements because it is not complex "
            "enough.",
        )


def is_reserved(role: str) -> bool:
    """Whether a role belongs to PostgreSQL or the service."""
    return role.lower() in _RESERVED_LOGINS or role.startswith("pg_")


def _out_of_range(name: str, value: str, allowed: Iterable[str]) -> ArmError:
    """Code and text: github.com/hashicorp/terraform-provider-azurerm/issues/21757."""
    return ArmError(
        400,
        "ParameterOutOfRange",
        f"The value of the '{name}' should be in: [{','.join(allowed)}]. Verify that the specified parameter value "
        f"'{value}' is correct.",
    )
