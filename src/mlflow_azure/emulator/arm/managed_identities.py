"""Microsoft.ManagedIdentity: user-assigned identities, and the system-assigned ones of other resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.identity_principals import IDENTITY_TYPE, create_principal, described_principal
from mlflow_azure.emulator.arm.lifecycle import remove_resources, tracked

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/managedidentity")

_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.ManagedIdentity"
_IDENTITIES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity"
_IDENTITIES += "/userAssignedIdentities"
_IDENTITY = _IDENTITIES + "/{identity}"
_CREDENTIALS = _IDENTITY + "/federatedIdentityCredentials"
_CREDENTIAL_TYPE = f"{IDENTITY_TYPE}/federatedIdentityCredentials"
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftmanagedidentity
_NAME = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z_-]{2,127}")
# https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
_MOST_CREDENTIALS = 20


@endpoints.on("PUT", _IDENTITY)
async def put_identity(call: Call) -> Answer:
    """Create an identity with its service principal, or update its tags, at once."""
    existing = call.world.resources.find(call.id)
    if not _NAME.fullmatch(call["identity"]):
        raise ArmError(400, "BadRequest", f"The resource name '{call['identity']}' is not valid.")
    return _put(_write(call, existing), existing)


@endpoints.on("PATCH", _IDENTITY)
async def patch_identity(call: Call) -> Answer:
    """Update the tags of an identity."""
    return Answer(_write(call, call.resource()))


@endpoints.on("GET", _IDENTITY)
async def get_identity(call: Call) -> Answer:
    """One identity."""
    return Answer(call.resource())


@endpoints.on("DELETE", _IDENTITY)
async def delete_identity(call: Call) -> Answer:
    """Delete an identity with its service principal. Resources that use it keep its name."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    await remove_resources(call.world, call.id)
    return Answer()


@endpoints.on("GET", _PROVIDER + "/userAssignedIdentities")
async def list_identities(call: Call) -> Answer:
    """The identities of a subscription."""
    return _list(call, f"/subscriptions/{call['subscription']}")


@endpoints.on("GET", _IDENTITIES)
async def list_group_identities(call: Call) -> Answer:
    """The identities of a group."""
    return _list(call, f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}")


@endpoints.on("GET", "/{scope:path}/providers/Microsoft.ManagedIdentity/identities/default")
async def get_system_assigned(call: Call) -> Answer:
    """The system-assigned identity of a resource."""
    scope = f"/{call['scope']}"
    owner = call.world.resources.find(scope) or {}
    principal = call.world.directory.find("servicePrincipals", id=owner.get("identity", {}).get("principalId"))
    if principal is None:
        raise ArmError(404, "ResourceNotFound", f"The resource '{scope}' has no system-assigned identity.")
    return Answer(
        {
            "id": f"{owner['id']}/providers/Microsoft.ManagedIdentity/identities/default",
            "name": "default",
            "type": "Microsoft.ManagedIdentity/identities",
            "location": owner["location"],
            "tags": {},
            "properties": described_principal(call.world, principal),
        }
    )


@endpoints.on("PUT", _CREDENTIALS + "/{credential}", lacks="tokens of other issuers are not exchanged")
async def put_credential(call: Call) -> Answer:
    """Create a federated credential: trust an issuer's tokens for a subject."""
    existing = call.world.resources.find(call.id)
    wanted = call.body.get("properties") or {}
    properties = {name: wanted.get(name) for name in ("issuer", "subject", "audiences")}
    if not all(properties.values()):
        raise ArmError(400, "BadRequest", "Issuer, subject and audiences are required.")
    _require_room(call, properties)
    body = {"id": call.id, "name": call["credential"], "type": _CREDENTIAL_TYPE, "properties": properties}
    return _put(call.world.resources.put(body), existing)


@endpoints.on("GET", _CREDENTIALS + "/{credential}")
async def get_credential(call: Call) -> Answer:
    """One federated credential. The service itself reports a missing one: recorded in 2025, version 2023-01-31."""
    found = call.world.resources.find(call.id)
    if found is None:
        raise ArmError(404, "NotFound", f"Resource '{call.id}' was not found.")
    return Answer(found)


@endpoints.on("GET", _CREDENTIALS)
async def list_credentials(call: Call) -> Answer:
    """The federated credentials of an identity."""
    return _list(call, call.id.removesuffix("/federatedIdentityCredentials"), _CREDENTIAL_TYPE)


@endpoints.on("DELETE", _CREDENTIALS + "/{credential}")
async def delete_credential(call: Call) -> Answer:
    """Delete a federated credential."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.resources.remove(call.id)
    return Answer()


def _write(call: Call, existing: Body | None) -> Body:
    body = tracked(call, existing)
    live = existing["properties"] if existing else None
    principal = live or described_principal(call.world, create_principal(call.world, body["name"], call.id))
    wanted = call.body.get("properties") or {}
    scope = wanted.get("isolationScope") or (live or {}).get("isolationScope") or "None"
    return call.world.resources.put({**body, "properties": {**principal, "isolationScope": scope}})


def _put(body: Body, existing: Body | None) -> Answer:
    """Return the response to a PUT, with a new resource's location: recorded in 2023 and 2025, version 2023-01-31."""
    return Answer(body) if existing else Answer(body, 201, {"Location": body["id"]})


def _list(call: Call, under: str, kind: str = IDENTITY_TYPE) -> Answer:
    return Answer({"value": call.world.resources.of_type(kind, under)})


def _require_room(call: Call, wanted: Body) -> None:
    """Refuse a credential beyond the limit, or a duplicate.

    https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
    """
    others = [each for each in call.world.resources.of_type(_CREDENTIAL_TYPE, call.parent) if each["id"] != call.id]
    if len(others) >= _MOST_CREDENTIALS:
        raise ArmError(
            400, "BadRequest", f"Too many Federated Identity Credentials. The maximum is {_MOST_CREDENTIALS}."
        )
    pair = (wanted["issuer"], wanted["subject"])
    if any((each["properties"]["issuer"], each["properties"]["subject"]) == pair for each in others):
        raise ArmError(
            409,
            "Conflict",
            "Issuer and subject combination already exists for this Managed Identity.",
        )
