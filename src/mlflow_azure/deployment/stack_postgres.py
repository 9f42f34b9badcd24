"""The topology of MLflow 3: no secrets, and no data on instances, so that there can be several.

    resource group ─┬─ managed identity                          used by the web app for everything below
                    ├─ storage account ── blob container         artifacts; a role for the identity, no key
                    ├─ container registry ── image               a role for the identity, no admin user
                    ├─ PostgreSQL server ── database → firewall rule → administrator, the identity
                    └─ app service plan ─┬─ autoscale setting  if the number of instances depends on the load
                                         └─ web app ── logs → app settings → sign-in → configuration

With a private network, a virtual network and a private DNS zone come before the server, and the virtual network before
the web app too; the zone's link to the network is created alongside the server, and there is no firewall rule.

The server takes 5 to 15 minutes, while everything else continues up to the app settings, which contain its address. Its
parts are written one after another, since it accepts one change at a time. The image is set last, when database and
roles exist; see stack.py for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.deployment.app_setting_parts import (
    BlobSettings,
    DatabaseSettings,
    FixedSettings,
    IdentitySettings,
    ImageSettings,
    RegistrySettings,
)
from mlflow_azure.deployment.features.private_network import has_private_network, names_in
from mlflow_azure.deployment.features.scaling import most_instances, scaling_nodes, wanted_limits
from mlflow_azure.deployment.features.sign_in import sign_in_nodes
from mlflow_azure.deployment.foundation import postgres_foundation
from mlflow_azure.deployment.stack_nodes import Stack, build_ahead
from mlflow_azure.image.serving import HEALTH_PATH, postgres_environment
from mlflow_azure.resources import arm
from mlflow_azure.resources.database.administrator import Administrator
from mlflow_azure.resources.database.firewall_rule import FirewallRule
from mlflow_azure.resources.database.flexible_server import FlexibleServer
from mlflow_azure.resources.database.postgres_database import PostgresDatabase
from mlflow_azure.resources.mlflow_server import Server
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.registry.admin_user import AdminUser
from mlflow_azure.resources.registry.registry_image import Image
from mlflow_azure.resources.role_assignment import ACR_PULL, ASK_AN_OWNER, BLOB_CONTRIBUTOR, RoleAssignment
from mlflow_azure.resources.site_state import StartedSite
from mlflow_azure.resources.storage.blob_container import BlobContainer
from mlflow_azure.resources.storage.storage_account import StorageAccount
from mlflow_azure.resources.web.app_settings import DATABASE_URI, AppSettings, SettingsPart, vault_reference
from mlflow_azure.resources.web.container_logs import ContainerLogs
from mlflow_azure.resources.web.site_config import SiteConfig
from mlflow_azure.resources.web.storage_mount import NoStorageMount
from mlflow_azure.settings import POSTGRES
from mlflow_azure.settings.fitting import database_connections

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.deployment.foundation import PostgresFoundation
    from mlflow_azure.engine.node import Node
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings


def postgres_stack(
    azure: Azure, settings: Settings, features: Features, context: BuildContext | None, build: Builder | None
) -> Stack:
    """Return the resources of MLflow 3. See mlflow_stack."""
    scaled, most = wanted_limits(settings, features.scaling), most_instances(settings, features.scaling)
    private = has_private_network(settings, features)
    base = postgres_foundation(
        azure, settings, public=features.is_public, scaled=bool(scaled), private=private, move=features.move
    )
    scaling = scaling_nodes(base, settings, features.scaling)
    group, registry, plan, site, identity = base.group, base.registry, base.plan, base.site, base.identity
    storage = Provider(azure, "Microsoft.Storage")
    account = StorageAccount(
        azure,
        settings.storage_account_name,
        group=group,
        provider=storage,
        location=settings.rg_location,
        # Going back to 1.5.0 mounts the file share, which needs a key.
        shared_key=None if features.upgrade == arm.SWITCHED else False,
    )
    container = BlobContainer(azure, settings.storage_container_name, account=account)
    repository, tag = settings.docker_image_name, settings.docker_image_tag
    ahead = build_ahead(f"{repository}:{tag}", context, build)
    image = Image(azure, repository, tag, registry=registry, context=context, build=build, after=ahead)
    roles = tuple(
        RoleAssignment(role, scope=scope, principal=identity, hint=ASK_AN_OWNER)
        for role, scope in ((ACR_PULL, registry), (BLOB_CONTRIBUTOR, account))
    )
    server, database, where = database_nodes(base, settings, features, most)
    sign_in = sign_in_nodes(site, settings, features.sign_in, identity)
    unmounted = (NoStorageMount(site, path=settings.storage_mount_point),) if features.move else ()
    logs = ContainerLogs(site, after=unmounted)
    parts: list[SettingsPart] = [
        FixedSettings(postgres_environment(settings) | outside_of_the_public_cloud(azure.cloud)),
        BlobSettings(account),
        IdentitySettings(identity, site),
        RegistrySettings(registry, identity=True),
        ImageSettings(image),
        *where,
        *sign_in.parts,
    ]
    app_settings = AppSettings(site, parts, after=(logs, container, *roles, *database))
    required = sign_in.required(site, app_settings)
    config = SiteConfig(
        site,
        image=image,
        identity=True,
        pull_as=identity,
        health_check=HEALTH_PATH,
        allow=settings.allow_ip,
        after=(app_settings, *required),
    )
    started = (StartedSite(site, after=(config,)),) if features.move else ()
    answering = Server(
        site,
        app_settings,
        client=sign_in.client,
        image=image,
        version=POSTGRES,
        instances=most,
        identity=True,
        after=(config, *started),
    )
    nodes = (
        *(storage, *base.nodes, *scaling, account, container, *ahead, image, *roles, *database, *sign_in.nodes),
        *(*unmounted, logs, app_settings, *required, config, *started, answering),
        AdminUser(registry, unused=config.refuse_other_pull, after=(answering,)),
    )
    return Stack(nodes, group, account, registry, image, plan, site, app_settings, config, database=server)


def database_nodes(
    base: PostgresFoundation, settings: Settings, features: Features, instances: int
) -> tuple[FlexibleServer | None, tuple[Node, ...], tuple[SettingsPart, ...]]:
    """Return the server with its parts and the app settings for it; for a given database only the app settings.

    A later deploy does not need the password: the one in the app settings then stays. The server's connections
    are divided among the maximum number of instances.
    """
    secret, azure = settings.mlflow_backend_uri_secret, base.group.azure
    given = settings.mlflow_backend_uri if secret is None else vault_reference(secret)
    if given is not None:
        return None, (), (FixedSettings({DATABASE_URI: given}),)
    if not features.has_own_database:
        return None, (), ()
    provider = Provider(azure, "Microsoft.DBforPostgreSQL")
    zone, link = names_in(base.network, settings.postgres_server_name) if base.network else (None, None)
    server = FlexibleServer(
        azure,
        settings.postgres_server_name,
        group=base.group,
        provider=provider,
        location=settings.rg_location,
        sku=settings.postgres_sku,
        storage=settings.postgres_storage_size,
        version=settings.postgres_version,
        zone=zone,
        network=base.network,
    )
    database = PostgresDatabase(server, settings.postgres_database_name)
    rules = () if base.network else (FirewallRule(server, after=(database,)),)
    administrator = Administrator(server, identity=base.identity, after=rules or (database,))
    names = (zone, link) if zone and link else ()
    nodes = (provider, *names, server, database, *rules, administrator)
    connections = database_connections(settings.postgres_sku, instances)
    return server, nodes, (DatabaseSettings(server, database.name, base.identity, connections),)


def outside_of_the_public_cloud(cloud: Cloud) -> dict[str, str | None]:
    """Return the authority and the scope of database tokens, if they differ from the defaults."""
    elsewhere: dict[str, str | None] = {}
    if cloud.authority != PUBLIC.authority:
        elsewhere["AZURE_AUTHORITY_HOST"] = cloud.authority
    if cloud.postgres_scope != PUBLIC.postgres_scope:
        elsewhere["MLFLOW_SERVER_POSTGRES_SCOPE"] = cloud.postgres_scope
    return elsewhere
