"""The App Service plan: the machines that web apps run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.resources.web.writes import when_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.tagged import Place


class AppServicePlan(TaggedResource):
    """A Linux plan.

    Args:
        sku: Its size.
        instances: The number of machines; None creates one, and keeps a number chosen by the owner later.

    """

    kind = "app service plan"
    type = "Microsoft.Web/serverfarms"
    fixed: ClassVar[Mapping[str, str]] = {**TaggedResource.fixed, "properties.reserved": "ASP_NAME"}

    def __init__(
        self, azure: Azure, name: str, *, sku: str, instances: int | None = None, **place: Unpack[Place]
    ) -> None:
        super().__init__(azure, name, **place)
        self.sku = sku
        self.instances = instances

    def read(self, given: Given) -> Properties | None:
        return arm.get(str(self), lambda: self.azure.web.app_service_plans.get(*self.where))

    def desired(self, given: Given) -> Properties:
        """Region, tags, size, and the number of machines if set; `reserved` is Azure's term for Linux."""
        return {
            "location": self.location,
            "tags": self.tags,
            "sku": {"name": self.sku, **({"capacity": self.instances} if self.instances else {})},
            "properties": {"reserved": True},
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self._put(f"creating {self}", {**desired, "kind": "linux"}, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        sku = {"capacity": live.get("sku", {}).get("capacity", 1), **desired["sku"]}
        tags = merged_tags(live, desired)
        return self._put(f"updating {self}", {**desired, "kind": "linux", "sku": sku, "tags": tags}, report)

    def _put(self, what: str, body: Properties, report: Report) -> Properties:
        azure, write = self.azure, self.azure.web.app_service_plans.begin_create_or_update
        with doing(what):
            begin = lambda: write(*self.where, arm.sent(body), polling=azure.polling())  # noqa: E731
            return arm.body(azure.wait(when_free(azure, begin, report)))

    def state(self, live: Properties) -> str:
        """Return "Ready", or the obstacle."""
        return str(live["properties"].get("status") or live["properties"].get("provisioningState"))
