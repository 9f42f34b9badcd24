"""Sends the webhooks of a registry: on a ping and on a push."""

from __future__ import annotations

import json
import secrets
import ssl
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import httpx

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.runtime import Push

WEBHOOK_TYPE = "Microsoft.ContainerRegistry/registries/webhooks"
_KEPT_EVENTS = 100
_TIMEOUT_SECONDS = 30.0


def ping(world: World, webhook: Body) -> str:
    """Send a ping; return the id of its event."""
    return _send(world, webhook, "ping", {})


def announce(world: World, push: Push) -> None:
    """Send the webhooks that match this push."""
    registry = next(
        each
        for each in world.resources.of_type("Microsoft.ContainerRegistry/registries")
        if each["name"] == push.registry
    )
    for webhook in world.resources.of_type(WEBHOOK_TYPE, registry["id"]):
        properties = webhook["properties"]
        if properties["status"] == "enabled" and "push" in properties["actions"] and in_scope(properties, push):
            _send(world, webhook, "push", _pushed(registry, push))


def in_scope(properties: dict[str, Any], push: Push) -> bool:
    """Whether a push is in the webhook's scope: "", "repository", "repository:tag", "repository:*" or "prefix*"."""
    scope = properties["scope"]
    if scope.endswith("*"):
        return f"{push.repository}:{push.tag}".startswith(scope[:-1])
    repository, _, tag = scope.partition(":")
    return repository in ("", push.repository) and tag in ("", push.tag)


def _pushed(registry: Body, push: Push) -> dict[str, Any]:
    """Return the part of a push event that a ping lacks.

    https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
    """
    return {
        "target": {
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": push.digest,
            "repository": push.repository,
            "tag": push.tag,
        },
        "request": {
            "id": str(uuid.uuid4()),
            "host": registry["properties"]["loginServer"],
            "method": "PUT",
            "useragent": "mlflow-azure-emulator",
        },
    }


def _send(world: World, webhook: Body, action: str, details: dict[str, Any]) -> str:
    content = {"id": str(uuid.uuid4()), "timestamp": datetime.now(UTC).isoformat(), "action": action, **details}
    world.background.start(f"webhook {content['id']}", _deliver(world, webhook, content))
    return str(content["id"])


async def _deliver(world: World, webhook: Body, content: dict[str, Any]) -> None:
    callback = world.resources.hidden(webhook["id"])["callback"]
    url = urlsplit(callback["serviceUri"])
    # The password belongs in the Authorization header, not in events.
    shown = urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "AzureContainerRegistry/1.0"}
    headers |= {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01", "X-Forwarded-For": "true"}
    headers |= callback["customHeaders"]
    body = json.dumps(content)
    logged = headers | {"Content-Length": str(len(body))}
    sent = {"content": content, "headers": logged, "method": "POST", "requestUri": shown, "version": "1.1"}
    auth = (url.username or "", url.password or "") if url.username else None
    answer = await _post(world, shown, body, headers, auth)
    _keep(world, webhook, {"id": content["id"], "eventRequestMessage": sent, "eventResponseMessage": answer})


async def _post(
    world: World, url: str, body: str, headers: dict[str, str], auth: tuple[str, str] | None
) -> dict[str, Any]:
    trust = ssl.create_default_context(cafile=world.tls.ca_file)
    try:
        async with httpx.AsyncClient(verify=trust, auth=auth, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.post(url, content=body, headers=headers)
    except httpx.TransportError as error:
        return {"content": str(error), "headers": {}, "reasonPhrase": "No answer", "statusCode": "0", "version": "1.1"}
    return {
        "content": answer.text,
        "headers": dict(answer.headers),
        "reasonPhrase": answer.reason_phrase,
        "statusCode": str(answer.status_code),
        "version": "1.1",
    }


def _keep(world: World, webhook: Body, event: dict[str, Any]) -> None:
    if world.resources.find(webhook["id"]) is None:
        return  # deleted in the meantime
    hidden = world.resources.hidden(webhook["id"])
    hidden["events"] = [event, *hidden.get("events", [])][:_KEPT_EVENTS]
    world.state.save()
