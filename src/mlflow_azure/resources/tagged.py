"""Base of the resources directly in the group: region, tags, and an id from their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypedDict

from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node, Properties
    from mlflow_azure.resources.provider import Provider
    from mlflow_azure.resources.resource_group import ResourceGroup


class Place(TypedDict):
    """The place of a resource: its group, region and provider."""

    group: ResourceGroup
    provider: Provider
    location: str


class TaggedResource(AzureResource):
    """A resource in the group, with our tags.

    Attributes:
        type: Its type in Azure Resource Manager: "Microsoft.Web/sites".
        group: Its group.
        location: Its region.
        where: The names by which the SDK addresses it.

    """

    type: ClassVar[str]
    fixed: ClassVar[Mapping[str, str]] = {"location": "RG_LOCATION"}

    def __init__(
        self,
        azure: Azure,
        name: str,
        *,
        group: ResourceGroup,
        location: str,
        provider: Provider,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(azure, name, parent=group, needs=(provider,), after=after)
        self.group = group
        self.location = location
        self.provider = provider
        self.where = (group.name, name)
        provider.shown_by.append(self)

    @property
    def id(self) -> str:
        return f"{self.group.id}/providers/{self.type}/{self.name}"

    @property
    def tags(self) -> dict[str, str]:
        return arm.our_tags(self.group.name)

    def is_ours(self, live: Properties) -> bool:
        return arm.is_tagged_ours(live["tags"])

    def state(self, live: Properties) -> str:
        return str(live["properties"]["provisioningState"])


def merged_tags(live: Properties, desired: Properties) -> dict[str, str]:
    """Return the tags to write, including the user's: Azure replaces all of them."""
    return {**live["tags"], **desired["tags"]}
