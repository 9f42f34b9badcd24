"""The nodes of a topology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.engine.node import Removable, Resource
from mlflow_azure.image.builder import Builder, BuilderAhead
from mlflow_azure.resources.registry.registry_image import ImageBuild

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Node
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.database.flexible_server import FlexibleServer
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.registry.registry_image import Image
    from mlflow_azure.resources.resource_group import ResourceGroup
    from mlflow_azure.resources.storage.file_share import FileShare
    from mlflow_azure.resources.storage.storage_account import StorageAccount
    from mlflow_azure.resources.web.app_service_plan import AppServicePlan
    from mlflow_azure.resources.web.app_settings import AppSettings
    from mlflow_azure.resources.web.site_config import SiteConfig
    from mlflow_azure.resources.web.web_app import WebApp


@dataclass(frozen=True)
class Stack:
    """The nodes of a deployment in dependency order, and those that are accessed by name.

    1.5.0 has a file share; MLflow 3 has a database, unless it was given an existing one.
    """

    nodes: tuple[Node, ...]
    group: ResourceGroup
    account: StorageAccount
    registry: ContainerRegistry
    image: Image
    plan: AppServicePlan
    site: WebApp
    app_settings: AppSettings
    config: SiteConfig
    share: FileShare | None = None
    database: FlexibleServer | None = None

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources that should exist, without those that are only removed if left over."""
        found = (node for node in self.nodes if isinstance(node, Resource))
        return tuple(each for each in found if not isinstance(each, Removable) or each.wanted)


def build_ahead(name: str, context: BuildContext | None, build: Builder | None) -> tuple[ImageBuild, ...]:
    """The build of the image, if it can begin while the registry is still being created."""
    if context is None or not isinstance(build, BuilderAhead):
        return ()
    return (ImageBuild(name, context=context, build=build),)
