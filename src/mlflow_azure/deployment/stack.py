"""The topology of a deployment: settings in, resources with what each needs out.

    resource group ─┬─ storage account ─┬─ blob container        artifacts
                    │                   └─ file share            metrics, params
                    ├─ container registry ── image
                    └─ app service plan ── web app ── storage mount → logs → app settings → sign-in → configuration

What is to the right lives in what is to its left. The parts of the web app are written one after another (→),
since Azure refuses overlapping writes to one site; they come last, when keys, login server and image are
there. Everything else is made as soon as what it lives in is there, so the slow ones (account, registry, site)
run at the same time.

What a deployment has beyond the minimum comes from the files of its features. Sign-in is demanded before the
configuration names the image, so that MLflow is at no time reached without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.deployment.app_setting_parts import FixedSettings, ImageSettings, RegistrySettings, StorageSettings
from mlflow_azure.deployment.features.continuous_deployment import continuous_deployment_nodes
from mlflow_azure.deployment.features.enabled import MINIMUM, Features
from mlflow_azure.deployment.features.identity import identity_afterwards, pull_role
from mlflow_azure.deployment.features.sign_in import sign_in_nodes
from mlflow_azure.deployment.foundation import Foundation, foundation
from mlflow_azure.engine.node import Removable, Resource
from mlflow_azure.image.builder import Builder, BuilderAhead
from mlflow_azure.image.serving import server_environment
from mlflow_azure.resources.mlflow_server import Server
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.registry_image import Image, ImageBuild
from mlflow_azure.resources.storage.blob_container import BlobContainer
from mlflow_azure.resources.storage.file_share import FileShare
from mlflow_azure.resources.storage.storage_account import StorageAccount
from mlflow_azure.resources.web.app_settings import CONTINUOUS_DEPLOYMENT, AppSettings, SettingsPart
from mlflow_azure.resources.web.container_logs import ContainerLogs
from mlflow_azure.resources.web.site_config import SiteConfig
from mlflow_azure.resources.web.storage_mount import StorageMount

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.resource_group import ResourceGroup
    from mlflow_azure.resources.web.app_service_plan import AppServicePlan
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Stack:
    """The nodes of a deployment, each after those that it needs, and those that others ask for by name."""

    nodes: tuple[Node, ...]
    group: ResourceGroup
    account: StorageAccount
    share: FileShare
    registry: ContainerRegistry
    image: Image
    plan: AppServicePlan
    site: WebApp
    app_settings: AppSettings
    config: SiteConfig

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources that are to be there, without what is only taken away where it was left."""
        found = (node for node in self.nodes if isinstance(node, Resource))
        return tuple(each for each in found if not isinstance(each, Removable) or each.wanted)


def mlflow_stack(
    azure: Azure,
    settings: Settings,
    features: Features = MINIMUM,
    *,
    context: BuildContext | None = None,
    build: Builder | None = None,
) -> Stack:
    """The resources of an MLflow tracking server.

    Args:
        azure: The subscription.
        settings: Names and sizes.
        features: What it has beyond the minimum.
        context: What the image is built from; None takes whatever is in the registry.
        build: How it is built, when it has to be.

    """
    base = foundation(azure, settings, identity=bool(features.identity))
    group, registry, plan, site = base.group, base.registry, base.plan, base.site
    storage = Provider(azure, "Microsoft.Storage")
    account = StorageAccount(
        azure, settings.storage_account_name, group=group, provider=storage, location=settings.rg_location
    )
    container = BlobContainer(azure, settings.storage_container_name, account=account)
    share = FileShare(azure, settings.storage_file_share_name, account=account, quota=settings.storage_file_share_size)
    repository, tag = settings.docker_image_name, settings.docker_image_tag
    ahead = _build_ahead(f"{repository}:{tag}", context, build)
    image = Image(azure, repository, tag, registry=registry, context=context, build=build, after=ahead)
    sign_in = sign_in_nodes(site, settings, features.sign_in)
    granted = pull_role(base, identity=features.identity)
    mount = StorageMount(site, account=account, share=share, path=settings.storage_mount_point)
    logs = ContainerLogs(site, after=(mount,))
    parts: list[SettingsPart] = [
        FixedSettings(server_environment(settings)),
        StorageSettings(account),
        RegistrySettings(registry, identity=bool(features.identity)),
        ImageSettings(image),
        *sign_in.parts,
    ]
    if features.continuous_deployment:
        parts.append(FixedSettings({CONTINUOUS_DEPLOYMENT: "true"}))
    app_settings = AppSettings(site, parts, after=(logs, container, *granted))
    required = sign_in.required(site, app_settings)
    config = SiteConfig(
        site,
        image=image,
        identity=bool(features.identity),
        allow=settings.allow_ip,
        after=(app_settings, *required),
    )
    server = Server(site, client=sign_in.client, image=image, identity=bool(features.identity), after=(config,))
    nodes = (
        *(storage, *base.nodes, account, container, share, *ahead, image, *granted, *sign_in.nodes),
        *(mount, logs, app_settings, *required, config, server),
        *_afterwards(base, settings, features, config, server),
    )
    for node in nodes:
        if isinstance(node, Resource):
            node.seen = azure.seen.pop(node.key, None)
    return Stack(nodes, group, account, share, registry, image, plan, site, app_settings, config)


def _build_ahead(name: str, context: BuildContext | None, build: Builder | None) -> tuple[ImageBuild, ...]:
    """The build of the image, where it can begin while the registry is still being made."""
    if context is None or not isinstance(build, BuilderAhead):
        return ()
    return (ImageBuild(name, context=context, build=build),)


def _afterwards(
    base: Foundation, settings: Settings, features: Features, config: SiteConfig, server: Server
) -> tuple[Node, ...]:
    """What waits until the web app runs the image, or no longer needs what is taken away."""
    nodes = identity_afterwards(base, identity=features.identity, config=config, server=server)
    if features.continuous_deployment:
        nodes += continuous_deployment_nodes(base.site, base.registry, settings, after=(config,))
    return nodes
