"""The base of a deployment: resource group, registry, plan, web app, and for MLflow 3 its identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.image.context import mlflow_release
from mlflow_azure.resources import arm
from mlflow_azure.resources.network.network_resource import PROVIDER
from mlflow_azure.resources.network.virtual_network import SUFFIX, WEB_APP, VirtualNetwork
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.container_registry import ContainerRegistry
from mlflow_azure.resources.resource_group import ResourceGroup
from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
from mlflow_azure.resources.web.app_service_plan import AppServicePlan
from mlflow_azure.resources.web.web_app import WebApp
from mlflow_azure.settings import POSTGRES
from mlflow_azure.settings.fitting import IDENTITY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Move:
    """A change of the deployed MLflow version; the web app is stopped until it is configured.

    Attributes:
        labels: Tags to set on the web app.

    """

    labels: Mapping[str, str]


@dataclass(frozen=True)
class Foundation:
    """The base resources of a deployment."""

    providers: tuple[Provider, ...]
    group: ResourceGroup
    registry: ContainerRegistry
    plan: AppServicePlan
    site: WebApp

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in dependency order."""
        return (*self.providers, self.group, self.plan, self.site, self.registry)


@dataclass(frozen=True)
class PostgresFoundation(Foundation):
    """The same for MLflow 3, with the identity that the web app uses for everything."""

    identity: UserAssignedIdentity
    network: VirtualNetwork | None = None

    @property
    def networks(self) -> tuple[VirtualNetwork, ...]:
        """The network, if there should be one."""
        return (self.network,) if self.network else ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in dependency order."""
        return (*self.providers, self.group, self.identity, *self.networks, self.plan, self.site, self.registry)


def foundation(azure: Azure, settings: Settings, *, identity: bool = False, move: Move | None = None) -> Foundation:
    """Return the base resources; with `identity`, the web app pulls its image with its identity."""
    where = settings.rg_location
    containers, web = (Provider(azure, f"Microsoft.{name}") for name in ("ContainerRegistry", "Web"))
    group = ResourceGroup(azure, settings.rg_name, location=where)
    registry = ContainerRegistry(
        azure, settings.acr_name, group=group, provider=containers, location=where, admin_user=not identity
    )
    plan = AppServicePlan(azure, settings.asp_name, group=group, provider=web, location=where, sku=settings.asp_sku)
    labels = move.labels if move else {}
    site = WebApp(azure, settings.web_app_name, plan=plan, identity=identity, labels=labels, starts=move is None)
    return Foundation((containers, web), group, registry, plan, site)


def postgres_foundation(
    azure: Azure,
    settings: Settings,
    *,
    public: bool = False,
    scaled: bool = False,
    private: bool = False,
    move: Move | None = None,
) -> PostgresFoundation:
    """Return the same for MLflow 3.

    `public`: someone explicitly let everyone in; `scaled`: the plan autoscales; `private`: the database
    has no public address.
    """
    where = settings.rg_location
    containers, web, identities = (
        Provider(azure, f"Microsoft.{name}") for name in ("ContainerRegistry", "Web", "ManagedIdentity")
    )
    networks = (Provider(azure, PROVIDER),) if private else ()
    group = ResourceGroup(azure, settings.rg_name, location=where)
    identity = UserAssignedIdentity(
        azure, settings.web_app_name + IDENTITY_SUFFIX, group=group, provider=identities, location=where
    )
    registry = ContainerRegistry(
        azure, settings.acr_name, group=group, provider=containers, location=where, admin_user=False
    )
    plan = AppServicePlan(
        azure,
        settings.asp_name,
        group=group,
        provider=web,
        location=where,
        sku=settings.asp_sku,
        instances=None if scaled else settings.asp_instances,
    )
    labels = {arm.MLFLOW_VERSION: POSTGRES, arm.RELEASE: mlflow_release()}
    if public:
        labels[arm.ACCESS] = arm.PUBLIC
    network = None
    for each in networks:
        labels[arm.NETWORK] = arm.PRIVATE
        network = VirtualNetwork(azure, settings.web_app_name + SUFFIX, group=group, provider=each, location=where)
    site = WebApp(
        azure,
        settings.web_app_name,
        plan=plan,
        assigned=identity,
        labels={**labels, **(move.labels if move else {})},
        starts=move is None,
        vault=settings.mlflow_backend_uri_secret is not None,
        subnet=network.subnet(WEB_APP) if network else None,
        after=(network,) if network else (),
    )
    return PostgresFoundation((containers, web, identities, *networks), group, registry, plan, site, identity, network)
