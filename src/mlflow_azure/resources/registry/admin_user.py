"""The registry's admin user, turned off once nothing uses its password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry


class AdminUser(AzureResource):
    """The disabled admin user. It comes after what used it, so that a deployment never loses its image.

    Args:
        unused: Raises MlflowAzureError if something uses it again because of someone else's change.

    """

    kind = "registry admin user"
    implied = True

    def __init__(self, registry: ContainerRegistry, *, unused: Callable[[], None], after: tuple[Node, ...]) -> None:
        super().__init__(registry.azure, registry.name, parent=registry, after=after)
        self.registry = registry
        self._unused = unused

    @property
    def id(self) -> str:
        """The registry's id: the admin user is a property of it."""
        return self.registry.id

    def read(self, given: Given) -> Properties | None:
        return arm.get(str(self), lambda: self.azure.registries.registries.get(*self.registry.where))

    def desired(self, given: Given) -> Properties:
        return {"properties": {"adminUserEnabled": False}}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: a new registry is created without it."""
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        self._unused()
        with doing(f"turning off the admin user of {self.registry}"):
            registries, where = self.azure.registries.registries, self.registry.where
            poller = registries.begin_update(*where, dict(desired), polling=self.azure.polling())
            written = arm.body(self.azure.wait(poller))
        self._unused()
        return written

    def state(self, live: Properties) -> str:
        return "Enabled" if live["properties"].get("adminUserEnabled") else "Disabled"
