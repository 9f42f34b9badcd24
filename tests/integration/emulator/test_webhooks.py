from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import Azure, error_code
from tests.support.registry_builds import CONTEXT, build
from tests.support.waiting import wait_until


def webhook(azure: Azure, group: str, registry: str, uri: str, name: str = "deployment", **more: Any) -> Any:
    wanted = {"serviceUri": uri, "actions": ["push"], "scope": "mlflowimage:latest", **more}
    body = {"location": "westeurope", "properties": wanted}
    return azure.registries.webhooks.begin_create(group, registry, name, body).result()


def events(azure: Azure, group: str, registry: str, count: int) -> list[Any]:
    """The events, once there are `count` of them."""
    found: list[Any] = []

    def enough() -> bool:
        found[:] = azure.registries.webhooks.list_events(group, registry, "deployment")
        return len(found) >= count

    wait_until(enough)
    return found


def hook_of(azure: Azure, group: str, site: Any) -> str:
    """The URL of the site's continuous deployment, with its password."""
    credentials = azure.web.web_apps.begin_list_publishing_credentials(group, site.name).result()
    return f"{credentials.scm_uri}/api/registry/webhook"


def test_where_a_webhook_is_sent_to_is_only_told_on_demand(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    created = webhook(azure, group, registry.name, "https://user:secret@localhost:1/hook")
    config = azure.registries.webhooks.get_callback_config(group, registry.name, "deployment")
    assert "secret" not in str(created.as_dict())
    assert (created.scope, created.actions, created.status) == ("mlflowimage:latest", ["push"], "enabled")
    assert config.service_uri == "https://user:secret@localhost:1/hook"
    assert [each.name for each in azure.registries.webhooks.list(group, registry.name)] == ["deployment"]


def test_a_ping_reaches_the_site_where_its_password_is_allowed(azure: Azure) -> None:
    group = azure.group()
    registry, site = azure.registry(group), azure.site(group)
    webhook(azure, group, registry.name, hook_of(azure, group, site))
    azure.registries.webhooks.ping(group, registry.name, "deployment")
    refused = events(azure, group, registry.name, 1)[0]
    azure.web.web_apps.update_scm_allowed(group, site.name, {"properties": {"allow": True}})
    sent = azure.registries.webhooks.ping(group, registry.name, "deployment")
    answered = events(azure, group, registry.name, 2)[0]
    assert refused.event_response_message.status_code == "401"
    assert (answered.id, answered.event_response_message.status_code) == (sent.id, "202")
    assert site.enabled_host_names[1] in answered.event_request_message.request_uri
    assert "@" not in answered.event_request_message.request_uri


def test_a_webhook_that_nobody_answers_is_an_event_too(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    webhook(azure, group, registry.name, "https://localhost:1/hook")
    azure.registries.webhooks.ping(group, registry.name, "deployment")
    assert events(azure, group, registry.name, 1)[0].event_response_message.status_code == "0"


def test_a_push_in_its_scope_sends_a_webhook(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    webhook(azure, group, registry.name, "https://localhost:1/hook")
    webhook(azure, group, registry.name, "https://localhost:1/hook", name="otherimage", scope="other")
    run, _ = build(azure, group, registry.name, CONTEXT)
    content = events(azure, group, registry.name, 1)[0].event_request_message.content
    assert (content.action, content.target.repository, content.target.tag) == ("push", "mlflowimage", "latest")
    assert content.target.digest == run.properties.output_images[0].digest
    assert content.request.host == registry.login_server
    assert not list(azure.registries.webhooks.list_events(group, registry.name, "otherimage"))


def test_a_basic_registry_has_room_for_two_webhooks(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    for name in ("first", "second"):
        webhook(azure, group, registry.name, "https://localhost:1/hook", name=name)
    with pytest.raises(HttpResponseError) as refused:
        webhook(azure, group, registry.name, "https://localhost:1/hook", name="third")
    assert error_code(refused.value) == "QuotaExceeded"
    azure.registries.webhooks.begin_delete(group, registry.name, "first").result()
    webhook(azure, group, registry.name, "https://localhost:1/hook", name="third")
