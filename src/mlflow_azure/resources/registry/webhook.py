"""The registry's webhook that makes the web app pull a pushed image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Given, Node, Properties, Removable, Report
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.tagged import merged_tags
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.web.scm_access import PublishingCredentials


class Webhook(AzureResource, Removable):
    """Calls the web app's SCM site on each push of one tag.

    Args:
        registry: The registry.
        site: The web app's name, from which the webhook's is derived.
        scope: The watched image, "repository:tag".
        publishing: The publishing user, whose `hook` it calls. None for an unwanted webhook.
        after: Nodes that are done before it.

    """

    kind = "webhook"

    def __init__(
        self,
        registry: ContainerRegistry,
        *,
        site: str,
        scope: str,
        publishing: PublishingCredentials | None,
        after: tuple[Node, ...] = (),
    ) -> None:
        needs = (publishing,) if publishing else ()
        super().__init__(registry.azure, webhook_name(site), parent=registry, needs=needs, after=after)
        self.registry = registry
        self.scope = scope
        self.publishing = publishing
        self.wanted = publishing is not None
        self.where = (*registry.where, self.name)

    @property
    def id(self) -> str:
        return f"{self.registry.id}/webhooks/{self.name}"

    def read(self, given: Given) -> Properties | None:
        live = arm.get(str(self), lambda: self.azure.registries.webhooks.get(*self.where))
        if live is None or not self.wanted:
            return live
        with doing(f"reading what {self} calls"):
            called = self.azure.registries.webhooks.get_callback_config(*self.where)
        return {**live, "serviceUri": Secret(str(called.service_uri))}

    def desired(self, given: Given) -> Properties:
        """Call the SCM site on each push of the image."""
        return {
            "location": self.registry.location,
            "tags": arm.our_tags(self.registry.group.name),
            "properties": {"actions": ["push"], "scope": self.scope, "status": "enabled"},
            "serviceUri": given(self.publishing, "hook") if self.publishing else None,
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        body = {"location": desired["location"], "tags": desired["tags"], "properties": _properties(desired)}
        with doing(f"creating {self}"):
            poller = self.azure.registries.webhooks.begin_create(*self.where, body, polling=self.azure.polling())
            return arm.body(self.azure.wait(poller))

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        body = {"tags": merged_tags(live, desired), "properties": _properties(desired)}
        with doing(f"updating {self}"):
            poller = self.azure.registries.webhooks.begin_update(*self.where, body, polling=self.azure.polling())
            return arm.body(self.azure.wait(poller))

    def delete(self, live: Properties) -> None:
        with doing(f"deleting {self}"):
            poller = self.azure.registries.webhooks.begin_delete(*self.where, polling=self.azure.polling())
            self.azure.wait(poller)

    def is_ours(self, live: Properties) -> bool:
        return arm.is_tagged_ours(live["tags"])

    def state(self, live: Properties) -> str:
        return str(live["properties"].get("status", "")).title()


def webhook_name(site: str) -> str:
    """Return the name of a web app's webhook, which has 5 to 50 letters and digits."""
    return ("webapp" + re.sub(r"[^a-zA-Z0-9]", "", site))[:50]


def _properties(desired: Properties) -> Properties:
    uri: Secret = desired["serviceUri"]
    return {**desired["properties"], "serviceUri": uri.reveal()}
