"""What MLflow 3 needs, made beside the running 1.5.0, and the temporary web app that moves the runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deployment.app_setting_parts import (
    FixedSettings,
    IdentitySettings,
    ImageSettings,
    RegistrySettings,
)
from mlflow_azure.deployment.features.enabled import MINIMUM
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.stack_nodes import build_ahead
from mlflow_azure.deployment.stack_postgres import database_nodes, outside_of_the_public_cloud
from mlflow_azure.engine.node import Given, Task
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action
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
from mlflow_azure.resources.web.web_app import WebApp
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from typing import ClassVar

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.foundation import PostgresFoundation
    from mlflow_azure.engine.node import Node, Report, Resource
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings

SUFFIX = "-move"
"""The temporary web app is called like the web app, with this at the end: still 60 characters, App Service's most."""
_TAG_SUFFIX = "-mlflow3"


@dataclass(frozen=True)
class Beside:
    """What is made.

    Attributes:
        nodes: Each after those that it needs.
        required: What is there, and left as it is.
        site: The temporary web app.
        token: What it wants to be shown.

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
    """What is made beside a running 1.5.0.

    The image gets a tag of its own: under the usual one a restarted 1.5.0 would pull it.

    Args:
        azure: The subscription.
        settings: Of MLflow 3.
        context: What its image is built from.
        build: How it is built.
        keep_artifact_uris: Leave the addresses of artifacts as they are.

    """
    base = postgres_foundation(azure, settings)
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
    _, database, where = database_nodes(base, settings, MINIMUM)
    site = temporary_site(base, settings)
    token = _token(site)
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
    made = (*base.providers, base.identity, *ahead, image, *roles, *database, site, mount, logs, app_settings, config)
    return Beside(made, (base.group, base.registry, account), site, token)


def temporary_site(base: PostgresFoundation, settings: Settings) -> WebApp:
    """The web app that moves the runs."""
    return WebApp(base.group.azure, settings.web_app_name + SUFFIX, plan=base.plan, assigned=base.identity)


def _token(site: WebApp) -> Secret:
    """What an earlier run made, so that the temporary web app is not restarted; else something new."""
    there = site.read(Given({})) is not None
    live = AppSettings(site, []).read(Given({})) if there else None
    found = (live or {}).get(MIGRATION_TOKEN)
    return found if isinstance(found, Secret) else Secret(secrets.token_urlsafe(32))


class RemovedSite(Task):
    """A web app that is gone."""

    kind = "temporary web app"
    action: ClassVar[Action] = Action.DELETE

    def __init__(self, site: WebApp) -> None:
        super().__init__(site.name)
        self.site = site

    def run(self, given: Given, report: Report) -> Action:
        """Delete it where it is ours. The plan stays, which Azure would delete with its last web app."""
        live = self.site.read(Given({}))
        if live is None:
            return Action.KEEP
        if not self.site.is_ours(live):
            raise MlflowAzureError(
                f"deleting {self.site}: it was not made by mlflow-azure", hint="Delete it if nobody needs it."
            )
        with doing(f"deleting {self.site}"):
            self.site.azure.web.web_apps.delete(self.site.group.name, self.site.name, delete_empty_server_farm=False)
        return Action.DELETE
