"""The resource group that holds the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report


class ResourceGroup(AzureResource):
    """A resource group. Its region only says where Azure stores its metadata; an existing group's is left unchanged."""

    kind = "resource group"

    def __init__(self, azure: Azure, name: str, *, location: str) -> None:
        super().__init__(azure, name)
        self.location = location

    @property
    def id(self) -> str:
        return arm.group_id(self.azure, self.name)

    def read(self, given: Given) -> Properties | None:
        return arm.get(f"resource group {self.name}", lambda: self.azure.resources.resource_groups.get(self.name))

    def desired(self, given: Given) -> Properties:
        return {"tags": arm.our_tags(self.name)}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self._put(f"creating {self}", {"location": self.location, **desired})

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Add our tags to the group's."""
        tags = {**live["tags"], **desired["tags"]}
        return self._put(f"tagging {self}", {"location": live["location"], "tags": tags})

    def _put(self, what: str, body: Properties) -> Properties:
        with doing(what):
            group = self.azure.resources.resource_groups.create_or_update(self.name, dict(body))
        return arm.body(group)

    def is_ours(self, live: Properties) -> bool:
        return arm.is_tagged_ours(live["tags"])

    def state(self, live: Properties) -> str:
        return str(live["properties"]["provisioningState"])
