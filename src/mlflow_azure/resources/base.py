"""A resource in Azure: a node of the engine with its subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.engine.node import Node, Resource
from mlflow_azure.resources import arm

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure


class AzureResource(Resource):
    """Something that exists or should exist in Azure.

    Attributes:
        azure: The subscription.

    """

    ignored: ClassVar[frozenset[str]] = frozenset({f"tags.{arm.VERSION}"})

    def __init__(
        self,
        azure: Azure,
        name: str,
        *,
        parent: Resource | None = None,
        needs: tuple[Node, ...] = (),
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(name, parent=parent, needs=needs, after=after)
        self.azure = azure
