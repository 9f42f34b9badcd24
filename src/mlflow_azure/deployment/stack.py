"""The topology of a deployment: settings in, resources with their dependencies out.

MLflow 3 has its own (stack_postgres.py). This is the topology of 1.5.0:

    resource group ─┬─ storage account ─┬─ blob container        artifacts
                    │                   └─ file share            metrics, params
                    ├─ container registry ── image
                    └─ app service plan ── web app ── logs → storage mount → app settings → sign-in → configuration

Each resource is contained in the one to its left. The parts of the web app are written one after another (→),
since Azure refuses overlapping writes to one site: the logs as soon as it exists, the others when keys, login server
and image do. Everything else is created as soon as its parent exists, so the slow ones (account, registry, site)
run in parallel.

Optional features come from the files in features/. Sign-in is required before the
configuration sets the image, so that MLflow is never reachable without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.deployment.app_setting_parts import FixedSettings, ImageSettings, RegistrySettings, StorageSettings
from mlflow_azure.deployment.features.continuous_deployment import continuous_deployment_nodes
from mlflow_azure.deployment.features.enabled import MINIMUM, Features
from mlflow_azure.deployment.features.identity import identity_afterwards, pull_role
from mlflow_azure.deployment.features.sign_in import sign_in_nodes
from mlflow_azure.deployment.foundation import Foundation, foundation
from mlflow_azure.deployment.stack_nodes import Stack, build_ahead
from mlflow_azure.deployment.stack_postgres import postgres_stack
from mlflow_azure.image.serving import server_environment
from mlflow_azure.resources.mlflow_server import Server
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.registry_image import Image
from mlflow_azure.resources.site_state import StartedSite
from mlflow_azure.resources.storage.blob_container import BlobContainer
from mlflow_azure.resources.storage.file_share import FileShare
from mlflow_azure.resources.storage.storage_account import StorageAccount
from mlflow_azure.resources.web.app_settings import CONTINUOUS_DEPLOYMENT, AppSettings, SettingsPart
from mlflow_azure.resources.web.container_logs import ContainerLogs
from mlflow_azure.resources.web.site_config import SiteConfig
from mlflow_azure.resources.web.storage_mount import StorageMount
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings


def mlflow_stack(
    azure: Azure,
    settings: Settings,
    features: Features = MINIMUM,
    *,
    context: BuildContext | None = None,
    build: Builder | None = None,
) -> Stack:
    """Return the resources of an MLflow tracking server: for the deployed version, or else that of the settings.

    Args:
        settings: Names and sizes.
        features: Its optional features.
        context: The build context; None uses the image in the registry.
        build: How to build it, if necessary.

    """
    topologies = {FILE_SHARE: file_share_stack, POSTGRES: postgres_stack}
    return topologies[features.version or settings.mlflow_version](azure, settings, features, context, build)


def file_share_stack(
    azure: Azure, settings: Settings, features: Features, context: BuildContext | None, build: Builder | None
) -> Stack:
    """Return the resources of MLflow 1.5.0. See mlflow_stack."""
    base = foundation(azure, settings, identity=bool(features.identity), move=features.move)
    group, registry, plan, site = base.group, base.registry, base.plan, base.site
    storage = Provider(azure, "Microsoft.Storage")
    account = StorageAccount(
        azure, settings.storage_account_name, group=group, provider=storage, location=settings.rg_location
    )
    container = BlobContainer(azure, settings.storage_container_name, account=account)
    share = FileShare(azure, settings.storage_file_share_name, account=account, quota=settings.storage_file_share_size)
    repository, tag = settings.docker_image_name, settings.docker_image_tag
    ahead = build_ahead(f"{repository}:{tag}", context, build)
    image = Image(azure, repository, tag, registry=registry, context=context, build=build, after=ahead)
    sign_in = sign_in_nodes(site, settings, features.sign_in)
    granted = pull_role(base, identity=features.identity)
    logs = ContainerLogs(site)
    mount = StorageMount(site, account=account, share=share, path=settings.storage_mount_point, after=(logs,))
    parts: list[SettingsPart] = [
        FixedSettings(server_environment(settings)),
        StorageSettings(account),
        RegistrySettings(registry, identity=bool(features.identity)),
        ImageSettings(image),
        *sign_in.parts,
    ]
    if features.continuous_deployment:
        parts.append(FixedSettings({CONTINUOUS_DEPLOYMENT: "true"}))
    before = (mount, container, *granted)
    app_settings = AppSettings(site, parts, after=before)
    required = sign_in.required(site, app_settings)
    config = SiteConfig(
        site,
        image=image,
        identity=bool(features.identity),
        health_check="" if features.move else None,  # the identity of MLflow 3, which 1.5.0 does not use
        allow=settings.allow_ip,
        after=before if features.pulls_anew else (app_settings, *required),
    )
    if features.pulls_anew:  # a container that starts after the password is gone needs the identity
        app_settings.after = (*before, config)
    started = (StartedSite(site, after=(config,)),) if features.move else ()
    server = Server(
        site,
        app_settings,
        client=sign_in.client,
        image=image,
        version=FILE_SHARE,
        identity=bool(features.identity),
        after=(config, *required, *started),
    )
    nodes = (
        *(storage, *base.nodes, account, container, share, *ahead, image, *granted, *sign_in.nodes),
        *(logs, mount, app_settings, *required, config, *started, server),
        *_afterwards(base, settings, features, config, server),
    )
    return Stack(nodes, group, account, registry, image, plan, site, app_settings, config, share=share)


def _afterwards(
    base: Foundation, settings: Settings, features: Features, config: SiteConfig, server: Server
) -> tuple[Node, ...]:
    """Return what waits until the web app runs the image, or no longer needs what is removed."""
    nodes = identity_afterwards(base, identity=features.identity, config=config, server=server)
    if features.continuous_deployment:
        nodes += continuous_deployment_nodes(base.site, base.registry, settings, after=(config,))
    return nodes
