"""Azure Resource Manager and the resource providers that a deployment of MLflow needs."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm import (
    authorization,
    autoscale,
    capacity,
    empty_lists,
    groups,
    managed_identities,
    network_operations,
    policies,
    postgres_administrators,
    postgres_configurations,
    postgres_locations,
    postgres_operations,
    postgres_parts,
    postgres_servers,
    private_dns,
    private_dns_records,
    provider_operations,
    providers,
    registries,
    registry_import,
    registry_replications,
    storage,
    storage_keys,
    storage_policies,
    storage_records,
    storage_services,
    subscriptions,
    tags,
    tasks,
    virtual_networks,
    web_config,
    web_instances,
    web_logs,
    web_networks,
    web_plans,
    web_publishing,
    web_sites,
    web_source_control,
    web_stacks,
    webhooks,
)
from mlflow_azure.emulator.arm.autoscale_engine import AutoscaleEngine
from mlflow_azure.emulator.arm.blob_access import admit
from mlflow_azure.emulator.arm.site_tokens import issue_token
from mlflow_azure.emulator.arm.web_container import run_site, sign_in
from mlflow_azure.emulator.arm.webhook_delivery import announce
from mlflow_azure.emulator.easy_auth import EasyAuth
from mlflow_azure.emulator.quirks import connect_quirks
from mlflow_azure.emulator.runtime import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mlflow_azure.emulator.arm.call import Endpoint
    from mlflow_azure.emulator.arm.world import World

_log = logging.getLogger(__name__)
_MODULES = (
    subscriptions,
    providers,
    groups,
    tags,
    storage,
    storage_keys,
    storage_policies,
    storage_services,
    registries,
    registry_import,
    registry_replications,
    tasks,
    web_plans,
    web_sites,
    web_publishing,
    web_config,
    web_source_control,
    web_instances,
    web_stacks,
    web_logs,
    webhooks,
    postgres_locations,
    postgres_servers,
    postgres_parts,
    postgres_administrators,
    postgres_configurations,
    postgres_operations,
    authorization,
    provider_operations,
    managed_identities,
    policies,
    capacity,
    empty_lists,
    autoscale,
    network_operations,
    virtual_networks,
    private_dns,
    private_dns_records,
    web_networks,
)


def provider_endpoints() -> list[Endpoint]:
    """The routes of all resource providers."""
    return [endpoint for module in _MODULES for endpoint in module.endpoints]


def register_effects(world: World) -> None:
    """Register the effects of long-running operations."""
    changing = (groups, network_operations, providers, registries, registry_import, registry_replications, storage)
    for module in (*changing, postgres_operations, postgres_parts, postgres_servers, web_source_control):
        module.register_effects(world)


def connect(world: World) -> None:
    """Connect the runtime to Azure: who may pull, who may sign in, and which webhooks a push triggers."""
    world.runtime.blobs.admit = partial(admit, world)
    world.runtime.blobs.strike = world.runtime.files.strike = world.faults.strike
    world.runtime.registry.on_push = partial(announce, world)
    world.runtime.sites.token_ok = world.may_operate_sites
    world.runtime.sites.gate = EasyAuth(world).admit
    world.runtime.sites.sign_in = partial(sign_in, world)
    world.runtime.sites.identities.issue = partial(issue_token, world)
    storage_records.connect(world)
    connect_quirks(world.quirks, world.runtime)


async def reopen(world: World) -> None:
    """Make everything in the state work again after a restart."""
    tasks.end_interrupted_runs(world)
    await _tried(world.runtime.serve_identities(world.ports.of("identities")))
    accounts = world.resources.of_type(storage.ACCOUNT_TYPE)
    images = world.resources.of_type(registries.REGISTRY_TYPE)
    databases = world.resources.of_type(postgres_operations.SERVER_TYPE)
    await asyncio.gather(
        *(_tried(storage.open_account(world, account)) for account in accounts),
        *(_tried(registries.open_registry(world, registry)) for registry in images),
        *(_tried(postgres_servers.reopen_server(world, server)) for server in databases),
    )
    for site in world.resources.of_type(web_plans.SITE_TYPE):
        await _tried(run_site(world, site))
    world.background.start("autoscale", AutoscaleEngine(world).run())


async def _tried(work: Awaitable[object]) -> None:
    """Ignore failures: everything else must be available, to be repaired or destroyed."""
    try:
        await work
    except RuntimeFaultError:
        _log.exception("after the restart")
