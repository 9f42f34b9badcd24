"""Microsoft.Network: the record sets of private DNS zones. They are kept; no name is resolved with them.

Recorded in 2024, version 2018-09-01.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, parent_not_found
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.private_dns import ZONE, ZONE_TYPE, record_sets

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/dns/recordsets")

# The property with the records of a kind, of which there is a list, or one.
_FIELDS = {
    **{kind: f"{kind.lower()}Records" for kind in ("A", "AAAA", "MX", "PTR", "SRV", "TXT")},
    **{kind: f"{kind.lower()}Record" for kind in ("CNAME", "SOA")},
}
_START = {
    "email": "azureprivatedns-host.microsoft.com",
    "expireTime": 2419200,
    "host": "azureprivatedns.net",
    "minimumTtl": 10,
    "refreshTime": 3600,
    "retryTime": 300,
    "serialNumber": 1,
}
_LACKS = "the conditions `If-Match` and `If-None-Match`; most checks of the records"


async def put_record_set(call: Call) -> Answer:
    """Create or replace a record set."""
    existing = _find(call)
    _require_possible(call, existing)
    return Answer(_written(call, call.body.get("properties") or {}), 200 if existing else 201)


async def patch_record_set(call: Call) -> Answer:
    """Update the given properties of a record set."""
    found = _find(call)
    if found is None:
        raise call.not_found()
    return Answer(_written(call, found["properties"] | (call.body.get("properties") or {})))


async def get_record_set(call: Call) -> Answer:
    """One record set."""
    found = _find(call)
    if found is None:
        return Answer({"code": "NotFound", "message": f"The resource record '{call['record']}' does not exist."}, 404)
    return Answer(found)


async def delete_record_set(call: Call) -> Answer:
    """Delete a record set."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.resources.remove(call.id)
    return Answer()


async def list_record_sets(call: Call) -> Answer:
    """The record sets of one kind, by name."""
    return _listed(call, f"{ZONE_TYPE}/{call.template.rpartition('/')[2]}")


@endpoints.on("GET", ZONE + "/ALL")
async def list_all_record_sets(call: Call) -> Answer:
    """The record sets of a zone, by name. It starts with one of the kind SOA, which cannot be deleted."""
    return _listed(call, None)


for _kind in _FIELDS:
    _of_kind = f"{ZONE}/{_kind}"
    endpoints.on("GET", _of_kind)(list_record_sets)
    endpoints.on("GET", _of_kind + "/{record}")(get_record_set)
    endpoints.on("PUT", _of_kind + "/{record}", lacks=_LACKS)(put_record_set)
    endpoints.on("PATCH", _of_kind + "/{record}", lacks=_LACKS)(patch_record_set)
    if _kind != "SOA":
        endpoints.on("DELETE", _of_kind + "/{record}")(delete_record_set)


def _listed(call: Call, kind: str | None) -> Answer:
    zone = _zone(call)
    kept = {each["id"].lower(): each for each in record_sets(call.world, zone)}
    start = _described(zone, "SOA", "@", 3600, {"soaRecord": _START})
    found = ({start["id"].lower(): start} | kept).values()
    selected = [each for each in found if kind in (None, each["type"])]
    return Answer({"value": sorted(selected, key=lambda each: (each["name"], each["type"]))})


def _zone(call: Call) -> Body:
    zone = call.world.resources.find(ZONE.format_map(call.params))
    if zone is None:
        raise parent_not_found("read", call.type, ZONE.format_map(call.params))
    return zone


def _kind_of(call: Call) -> str:
    return call.type.rpartition("/")[2]


def _find(call: Call) -> Body | None:
    """Return the record set of a request; each zone has the one that it starts with."""
    found = call.world.resources.find(call.id)
    if found is None and (_kind_of(call), call["record"]) == ("SOA", "@"):
        return _described(_zone(call), "SOA", "@", 3600, {"soaRecord": _START})
    return found


def _require_possible(call: Call, existing: Body | None) -> None:
    """Refuse a second start of a zone, and an alias where there are other records.

    https://learn.microsoft.com/azure/dns/private-dns-records
    """
    name, kind = call["record"].lower(), _kind_of(call)
    alike = (each for each in record_sets(call.world, _zone(call)) if each["name"].lower() == name)
    others = {each["type"].rpartition("/")[2] for each in alike} - {kind}
    refused = {"CNAME": bool(others) or name == "@", "SOA": existing is None}
    if refused.get(kind, "CNAME" in others):
        raise ArmError(400, "BadRequest", f"There can be no record set of type '{kind}' with the name '{name}'.")


def _written(call: Call, properties: dict[str, Any]) -> Body:
    field = _FIELDS[_kind_of(call)]
    told = {name: properties[name] for name in ("metadata", field) if properties.get(name)}
    if field.endswith("s"):
        told.setdefault(field, [])
    return call.world.resources.put(
        _described(_zone(call), _kind_of(call), call["record"], properties.get("ttl", 3600), told)
    )


def _described(zone: Body, kind: str, name: str, ttl: int, more: dict[str, Any]) -> Body:
    full_name = f"{zone['name']}." if name == "@" else f"{name}.{zone['name']}."
    return {
        "id": f"{zone['id']}/{kind}/{name}",
        "name": name,
        "type": f"{ZONE_TYPE}/{kind}",
        "etag": str(uuid.uuid4()),
        "properties": {"fqdn": full_name, "ttl": ttl, **more, "isAutoRegistered": False},
    }
