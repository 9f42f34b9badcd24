"""What the parts of a deployment live in: resource group, registry, App Service plan, web app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.container_registry import ContainerRegistry
from mlflow_azure.resources.resource_group import ResourceGroup
from mlflow_azure.resources.web.app_service_plan import AppServicePlan
from mlflow_azure.resources.web.web_app import WebApp

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Foundation:
    """What the parts of a deployment live in."""

    providers: tuple[Provider, ...]
    group: ResourceGroup
    registry: ContainerRegistry
    plan: AppServicePlan
    site: WebApp

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Each after those that it needs."""
        return (*self.providers, self.group, self.plan, self.site, self.registry)


def foundation(azure: Azure, settings: Settings, *, identity: bool = False) -> Foundation:
    """The resources that others live in; with `identity`, the web app pulls its image as itself."""
    where = settings.rg_location
    containers, web = (Provider(azure, f"Microsoft.{name}") for name in ("ContainerRegistry", "Web"))
    group = ResourceGroup(azure, settings.rg_name, location=where)
    registry = ContainerRegistry(
        azure, settings.acr_name, group=group, provider=containers, location=where, admin_user=not identity
    )
    plan = AppServicePlan(azure, settings.asp_name, group=group, provider=web, location=where, sku=settings.asp_sku)
    site = WebApp(azure, settings.web_app_name, plan=plan, identity=identity)
    return Foundation((containers, web), group, registry, plan, site)
