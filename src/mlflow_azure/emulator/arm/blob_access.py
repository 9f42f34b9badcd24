"""Access to the blobs of a storage account, by credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.access import allows, granted
from mlflow_azure.emulator.arm.roles import ROLES, assigned
from mlflow_azure.emulator.arm.web_mounts import find_account
from mlflow_azure.emulator.arm.world import STORAGE, either_spelling
from mlflow_azure.emulator.runtime.blobs.blob_errors import BlobError
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.runtime.blobs.asked import Asked, Operation


def admit(world: World, asked: Asked) -> tuple[str, str]:
    """Return the caller's object id and tenant; both empty for keys and anonymous requests.

    Raises:
        BlobError: The caller has no access.

    """
    account = find_account(world, asked.account)
    if account is None or asked.kind == "anonymous":
        return "", ""
    if asked.kind == "key":
        _require_keys(account)
        return "", ""
    principal = asked.principal or _principal(world, asked)
    scope = str(account["id"])
    if asked.operation.container:
        scope += f"/blobServices/default/containers/{asked.operation.container}"
    if not _may(world, principal, scope, asked.operation):
        raise BlobError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )
    return principal, world.identity.tenant_id


def _require_keys(account: Body) -> None:
    """Refuse keys, and signatures made with them, if the account does not accept keys.

    https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
    """
    if account["properties"].get("allowSharedKeyAccess") is False:
        raise BlobError(
            403,
            "KeyBasedAuthenticationNotPermitted",
            "Key based authentication is not permitted on this storage account.",
        )


def _principal(world: World, asked: Asked) -> str:
    """Return the principal of a token.

    https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory: the token's audience is the
    service, or for the one account.
    """
    audiences = either_spelling(STORAGE, f"https://{asked.account}.blob.core.windows.net")
    try:
        return str(world.tokens.verify(asked.token, audiences)["oid"])
    except TokenError as error:
        authority = f"{world.url}/{world.identity.tenant_id}/oauth2/authorize"
        message = "Lifetime validation failed. The token is expired." if error.expired else (
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
        )  # fmt: skip
        challenge = {"WWW-Authenticate": f"Bearer authorization_uri={authority} resource_id={STORAGE}"}
        raise BlobError(401, "InvalidAuthenticationInfo", message, challenge) from error


def _may(world: World, principal: str, scope: str, operation: Operation) -> bool:
    """Whether a role of the principal, once effective, allows an operation.

    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
    """
    own = granted(world, scope) if principal == world.identity.object_id else []
    if not operation.on_data and any(allows(rules, operation.action) for rules in own):
        return True
    for assignment in assigned(world, principal, scope):
        role = ROLES[assignment["properties"]["roleDefinitionId"].rpartition("/")[2]]
        actions = role.data_actions if operation.on_data else role.actions
        permitted = allows({"actions": actions, "notActions": role.not_actions}, operation.action)
        if permitted and not world.quirks.strikes("role_lag", assignment["id"]):
            return True
    return False
