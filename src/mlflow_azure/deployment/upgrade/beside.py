"""The resources of MLflow 3 created next to the running 1.5.0, and the temporary web app that moves the runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.deployment.app_setting_parts import (
    FixedSettings,
    IdentitySettings,
    ImageSettings,
    RegistrySettings,
)
from mlflow_azure.deployment.features.enabled import MINIMUM
from mlflow_azure.deployment.features.private_network import has_private_network
from mlflow_azure.deployment.features.scaling import most_instances
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.stack_nodes import build_ahead
from mlflow_azure.deployment.stack_postgres import database_nodes, outside_of_the_public_cloud
from mlflow_azure.deployment.temporary_site import task_token, temporary_site
from mlflow_azure.image.serving import artifact_root, postgres_environment
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.registry_image import Image
from mlflow_azure.resources.role_assignment import ACR_PULL, ASK_AN_OWNER, BLOB_CONTRIBUTOR, RoleAssignment
from mlflow_azure.resources.storage.file_share import FileShare
from mlflow_azure.resources.storage.storage_account import StorageAccount
from mlflow_azure.resources.web.app_settings import MIGRATION_TOKEN, AppSettings, SettingsPart
from mlflow_azure.resources.web.container_logs import ContainerLogs
from mlflow_azure.resources.web.site_config import SiteConfig
from mlflow_azure.resources.web.storage_mount import StorageMount

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node, Resource
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings

_TAG_SUFFIX = "-mlflow3"


@dataclass(frozen=True)
class Beside:
    """The resources to create.

    Attributes:
        nodes: The nodes in dependency order.
        required: Existing resources, which are not changed.
        site: The temporary web app.
        token: The token that it requires.

    """

    nodes: tuple[Node, ...]
    required: tuple[Resource, ...]
    site: WebApp
    token: Secret


def beside(
    azure: Azure,
    settings: Settings,
    *,
    context: BuildContext | None,
    build: Builder | None,
    keep_artifact_uris: bool,
) -> Beside:
    """Return the resources to create next to a running 1.5.0.

    The image gets a tag of its own: a restarted 1.5.0 would pull it under the usual one.

    Args:
        azure: The subscription.
        settings: The settings of MLflow 3.
        context: The build context of its image.
        build: How to build it.
        keep_artifact_uris: Leave artifact URIs unchanged.

    """
    base = postgres_foundation(azure, settings, private=has_private_network(settings, MINIMUM))
    storage = Provider(azure, "Microsoft.Storage")
    account = StorageAccount(
        azure, settings.storage_account_name, group=base.group, provider=storage, location=settings.rg_location
    )
    share = FileShare(azure, settings.storage_file_share_name, account=account, quota=settings.storage_file_share_size)
    repository, tag = settings.docker_image_name, settings.docker_image_tag + _TAG_SUFFIX
    ahead = build_ahead(f"{repository}:{tag}", context, build)
    image = Image(azure, repository, tag, registry=base.registry, context=context, build=build, after=ahead)
    roles = tuple(
        RoleAssignment(role, scope=scope, principal=base.identity, hint=ASK_AN_OWNER)
        for role, scope in ((ACR_PULL, base.registry), (BLOB_CONTRIBUTOR, account))
    )
    _, database, where = database_nodes(base, settings, MINIMUM, most_instances(settings))
    site = temporary_site(base, settings, subnet=base.site.subnet)
    token = task_token(site)
    mount = StorageMount(site, account=account, share=share, path=settings.storage_mount_point)
    logs = ContainerLogs(site, after=(mount,))
    parts: list[SettingsPart] = [
        FixedSettings(postgres_environment(settings) | outside_of_the_public_cloud(azure.cloud)),
        IdentitySettings(base.identity, site),
        RegistrySettings(base.registry, identity=True),
        ImageSettings(image),
        *where,
        FixedSettings(
            {
                "MLFLOW_SERVER_MIGRATE_FROM": settings.mlflow_filestore,
                "MLFLOW_SERVER_MIGRATED_ARTIFACTS": None if keep_artifact_uris else artifact_root(settings),
                MIGRATION_TOKEN: token,
            }
        ),
    ]
    app_settings = AppSettings(site, parts, after=(logs, *roles, *database))
    config = SiteConfig(
        site, image=image, identity=True, pull_as=base.identity, allow=settings.allow_ip, after=(app_settings,)
    )
    made = (*base.providers, base.identity, *base.networks, *ahead, image, *roles, *database)
    served = (site, mount, logs, app_settings, config)
    return Beside((*made, *served), (base.group, base.registry, account), site, token)
