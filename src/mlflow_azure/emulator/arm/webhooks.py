"""Microsoft.ContainerRegistry: webhooks. Sending them is in `webhook_delivery`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import ArmError, invalid_content
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.lifecycle import tracked
from mlflow_azure.emulator.arm.registries import REGISTRY
from mlflow_azure.emulator.arm.registry_defaults import webhook_limit
from mlflow_azure.emulator.arm.system_data import system_data
from mlflow_azure.emulator.arm.webhook_delivery import WEBHOOK_TYPE, ping

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body

endpoints = Endpoints("https://learn.microsoft.com/rest/api/containerregistry/webhooks")

_WEBHOOK = REGISTRY + "/webhooks/{webhook}"
_NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
_SHOWN = ("status", "scope", "actions")


@endpoints.on("PUT", _WEBHOOK)
async def put_webhook(call: Call) -> Answer:
    """Create or update a webhook, at once. The response omits its URL, which may contain a password."""
    existing = call.world.resources.find(call.id)
    if not _NAME.fullmatch(call["webhook"]):
        raise ArmError(400, "InvalidResourceName", "A webhook's name has to have 5 to 50 letters and digits.")
    wanted = call.body.get("properties") or {}
    if not existing:
        _require_room(call)
        if not wanted.get("serviceUri") or not wanted.get("actions"):
            raise invalid_content("'serviceUri' and 'actions' are required.")
    return Answer(_write(call, existing, wanted))


@endpoints.on("PATCH", _WEBHOOK)
async def patch_webhook(call: Call) -> Answer:
    """Update the given properties of a webhook."""
    return Answer(_write(call, call.resource(), call.body.get("properties") or {}))


@endpoints.on("GET", _WEBHOOK)
async def get_webhook(call: Call) -> Answer:
    """One webhook."""
    return Answer(call.resource())


@endpoints.on("GET", REGISTRY + "/webhooks")
async def list_webhooks(call: Call) -> Answer:
    """The webhooks of a registry."""
    return Answer({"value": call.world.resources.of_type(WEBHOOK_TYPE, call.id)})


@endpoints.on("DELETE", _WEBHOOK)
async def delete_webhook(call: Call) -> Answer:
    """Delete a webhook."""
    if call.world.resources.find(call.id) is None:
        return Answer(status=204)
    call.world.resources.remove(call.id)
    return Answer()


@endpoints.on("POST", _WEBHOOK + "/ping")
async def ping_webhook(call: Call) -> Answer:
    """Send a ping; its result is among the events."""
    return Answer({"id": ping(call.world, call.resource())})


@endpoints.on("POST", _WEBHOOK + "/listEvents")
async def list_events(call: Call) -> Answer:
    """The sent events, newest first."""
    call.resource()
    return Answer({"value": call.world.resources.hidden(call.id).get("events", [])})


@endpoints.on("POST", _WEBHOOK + "/getCallbackConfig")
async def get_callback_config(call: Call) -> Answer:
    """The webhook's URL, with its password."""
    call.resource()
    return Answer(call.world.resources.hidden(call.id)["callback"])


def _write(call: Call, existing: Body | None, wanted: dict[str, Any]) -> Body:
    webhook = tracked(call, existing) | system_data(call, existing)
    live = existing["properties"] if existing else {"status": "enabled", "scope": ""}
    webhook["properties"] = live | {name: wanted[name] for name in _SHOWN if wanted.get(name) is not None}
    webhook["properties"]["provisioningState"] = "Succeeded"
    call.world.resources.put(webhook)
    hidden = call.world.resources.hidden(webhook["id"])
    callback = hidden.setdefault("callback", {"customHeaders": {}})
    callback |= {name: wanted[name] for name in ("serviceUri", "customHeaders") if wanted.get(name) is not None}
    return webhook


def _require_room(call: Call) -> None:
    registry = call.world.resources.find(call.parent)
    tier = registry["sku"]["name"] if registry else "Basic"
    limit = webhook_limit(tier)
    if len(call.world.resources.of_type(WEBHOOK_TYPE, call.parent)) >= limit:
        raise ArmError(
            409,
            "QuotaExceeded",
            f"The number of webhooks exceeds the quota of {limit} for the SKU {tier}.",
        )
