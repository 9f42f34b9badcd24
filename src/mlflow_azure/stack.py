"""The topology of a deployment: settings in, resources with what each needs out.

    resource group ─┬─ storage account ─┬─ blob container        artifacts
                    │                   └─ file share            metrics, params
                    ├─ container registry ── image
                    └─ app service plan ── web app ── storage mount → logs → app settings → configuration

What is to the right lives in what is to its left. The parts of the web app are written one after another (→),
since Azure refuses overlapping writes to one site; they come last, when keys, login server and image are
there. Everything else is made as soon as what it lives in is there, so the slow ones (account, registry, site)
run at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.resources.app_service_plan import AppServicePlan
from mlflow_azure.resources.app_settings import AppSettings
from mlflow_azure.resources.container_logs import ContainerLogs
from mlflow_azure.resources.container_registry import ContainerRegistry
from mlflow_azure.resources.image import Builder, Image
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.resource_group import ResourceGroup
from mlflow_azure.resources.server import Server
from mlflow_azure.resources.site_config import SiteConfig
from mlflow_azure.resources.storage_account import StorageAccount
from mlflow_azure.resources.storage_mount import StorageMount
from mlflow_azure.resources.storage_parts import BlobContainer, FileShare
from mlflow_azure.resources.web_app import WebApp

if TYPE_CHECKING:
    from mlflow_azure.azure import Azure
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.base import Node
    from mlflow_azure.settings import Settings

ARTIFACT_PATH = "mlartefacts"


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


def mlflow_stack(
    azure: Azure, settings: Settings, *, context: BuildContext | None = None, build: Builder | None = None
) -> Stack:
    """The resources of an MLflow tracking server.

    Args:
        azure: The subscription.
        settings: Names and sizes.
        context: What the image is built from; None takes whatever is in the registry.
        build: How it is built, when it has to be.

    """
    location = settings.rg_location
    storage, containers, web = (
        Provider(azure, f"Microsoft.{name}") for name in ("Storage", "ContainerRegistry", "Web")
    )
    group = ResourceGroup(azure, settings.rg_name, location=location)
    account = StorageAccount(azure, settings.storage_account_name, group=group, provider=storage, location=location)
    container = BlobContainer(azure, settings.storage_container_name, account=account)
    share = FileShare(azure, settings.storage_file_share_name, account=account, quota=settings.storage_file_share_size)
    registry = ContainerRegistry(azure, settings.acr_name, group=group, provider=containers, location=location)
    image = Image(
        azure,
        settings.docker_image_name,
        settings.docker_image_tag,
        registry=registry,
        context=context,
        build=build,
    )
    plan = AppServicePlan(azure, settings.asp_name, group=group, provider=web, location=location, sku=settings.asp_sku)
    site = WebApp(azure, settings.web_app_name, plan=plan)
    mount = StorageMount(site, account=account, share=share, path=settings.storage_mount_point)
    logs = ContainerLogs(site, after=(mount,))
    app_settings = AppSettings(
        site,
        account=account,
        registry=registry,
        image=image,
        server=server_settings(settings),
        after=(logs, container),
    )
    config = SiteConfig(site, image=image, allow=settings.allow_ip, after=(app_settings,))
    server = Server(site, deadline=azure.deadline, after=(config,))
    nodes = (
        *(storage, containers, web),
        *(group, plan, site, account, container, share, registry, image),
        *(mount, logs, app_settings, config, server),
    )
    return Stack(nodes, group, account, share, registry, image, plan, site, app_settings, config)


def server_settings(settings: Settings) -> dict[str, str]:
    """The app settings that follow from the settings alone, under the names that the image reads."""
    return {
        "WEBSITES_PORT": str(settings.mlflow_port),
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "true",
        "MLFLOW_SERVER_HOST": settings.mlflow_host,
        "MLFLOW_SERVER_PORT": str(settings.mlflow_port),
        "MLFLOW_SERVER_WORKERS": str(settings.mlflow_workers),
        "MLFLOW_SERVER_FILE_STORE": settings.mlflow_filestore,
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": artifact_root(settings),
    }


def artifact_root(settings: Settings) -> str:
    """The URI of the artifacts.

    MLflow 1.5.0 accepts only `blob.core.windows.net` here, in every cloud; the host it talks to is the one of
    the connection string (mlflow/store/artifact/azure_blob_artifact_repo.py).
    """
    account, container = settings.storage_account_name, settings.storage_container_name
    return f"wasbs://{container}@{account}.blob.core.windows.net/{ARTIFACT_PATH}"
