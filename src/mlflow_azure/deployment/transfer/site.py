"""The temporary web app of an MLflow 3 deployment, next to the serving one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.app_setting_parts import (
    FixedSettings,
    IdentitySettings,
    ImageSettings,
    RegistrySettings,
)
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.remote_task import TaskSite
from mlflow_azure.deployment.stack_nodes import build_ahead
from mlflow_azure.deployment.temporary_site import RemovedSite, task_token, temporary_site
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.registry_image import Image
from mlflow_azure.resources.storage.storage_account import StorageAccount
from mlflow_azure.resources.web.app_settings import MIGRATION_TOKEN, AppSettings
from mlflow_azure.resources.web.container_logs import ContainerLogs
from mlflow_azure.resources.web.site_config import SiteConfig
from mlflow_azure.resources.web.web_app import SUBNET

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Properties, Resource
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings

TAG_SUFFIX = "-tasks"
"""Its image has a tag of its own: a restart of the running server would pull it under the usual one."""
_NOT_ITS_OWN = ("MLFLOW_SERVER_MIGRATE_FROM", "MLFLOW_SERVER_MIGRATED_ARTIFACTS")
"""Parts that the temporary web app may have left from a killed upgrade."""
_SAME = ("MLFLOW_SERVER_", "WEBSITES_", "AZURE_AUTHORITY_HOST")
"""Prefixes of the app settings that it copies from the serving web app."""


@dataclass(frozen=True)
class Temporary:
    """The temporary web app, still to be created.

    Attributes:
        plan: The plan that creates it.
        asked: Its client.
        removed: The step that removes it.
        serving: The serving web app.
        account: The storage account's outputs: its name and blob_endpoint.

    """

    plan: engine.Plan
    asked: TaskSite
    removed: RemovedSite
    serving: WebApp
    account: Properties


def temporary(azure: Azure, settings: Settings, *, context: BuildContext | None, build: Builder | None) -> Temporary:
    """Return the temporary web app of an MLflow 3 deployment, with the image of this version of mlflow-azure.

    Raises:
        MlflowAzureError: There is no deployment (NotDeployed).

    """
    base = postgres_foundation(azure, settings)
    account = StorageAccount(
        azure,
        settings.storage_account_name,
        group=base.group,
        provider=Provider(azure, "Microsoft.Storage"),
        location=settings.rg_location,
        shared_key=None,
    )
    required: tuple[Resource, ...] = (base.group, base.registry, account, base.identity, base.site)
    readings = engine.read(required, azure.deadline, required=required)
    repository, tag = settings.docker_image_name, settings.docker_image_tag + TAG_SUFFIX
    ahead = build_ahead(f"{repository}:{tag}", context, build)
    image = Image(azure, repository, tag, registry=base.registry, context=context, build=build, after=ahead)
    serving = readings[base.site].live or {"properties": {}}
    site = temporary_site(base, settings, subnet=serving["properties"].get(SUBNET))
    token = task_token(site)
    logs = ContainerLogs(site)
    live = AppSettings(base.site, []).read(Given({})) or {}
    if not live.get("MLFLOW_SERVER_DATABASE_URI"):
        raise MlflowAzureError(
            f"looking for the database of {base.site}: its app settings do not name one",
            hint="mlflow-azure deploy --mlflow 3",
            code="NotDeployed",
        )
    same = {name: value for name, value in live.items() if name.startswith(_SAME)}
    app_settings = AppSettings(
        site,
        [
            FixedSettings({**same, **dict.fromkeys(_NOT_ITS_OWN), MIGRATION_TOKEN: token}),
            IdentitySettings(base.identity, site),
            RegistrySettings(base.registry, identity=True),
            ImageSettings(image),
        ],
        after=(logs,),
    )
    config = SiteConfig(
        site, image=image, identity=True, pull_as=base.identity, allow=settings.allow_ip, after=(app_settings,)
    )
    nodes = (*ahead, image, site, logs, app_settings, config)
    planned = engine.plan(nodes, azure.deadline, required=(base.group, base.registry, base.identity))
    outputs = readings[account].outputs or {}
    return Temporary(planned, TaskSite(site, token), RemovedSite(site), base.site, outputs)
