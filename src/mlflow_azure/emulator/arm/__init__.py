"""Azure Resource Manager and the resource providers that a deployment of MLflow needs."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm import (
    authorization,
    capacity,
    groups,
    providers,
    registries,
    storage,
    storage_services,
    subscriptions,
    tasks,
    web_config,
    web_logs,
    web_plans,
    web_sites,
    webhooks,
)
from mlflow_azure.emulator.arm.web_container import run_site
from mlflow_azure.emulator.arm.webhook_delivery import announce
from mlflow_azure.emulator.easy_auth import EasyAuth

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Endpoint
    from mlflow_azure.emulator.arm.world import World

_MODULES = (
    subscriptions,
    providers,
    groups,
    storage,
    storage_services,
    registries,
    tasks,
    web_plans,
    web_sites,
    web_config,
    web_logs,
    webhooks,
    authorization,
    capacity,
)


def provider_endpoints() -> list[Endpoint]:
    """The routes of all resource providers."""
    return [endpoint for module in _MODULES for endpoint in module.endpoints]


def register_effects(world: World) -> None:
    """Say what long-running operations do when they end."""
    for module in (groups, providers, registries, storage):
        module.register_effects(world)


async def reopen(world: World) -> None:
    """Let everything that the state holds work again, after a restart."""
    tasks.end_interrupted_runs(world)
    world.runtime.registry.on_push = partial(announce, world)
    world.runtime.sites.token_ok = world.may_operate_sites
    world.runtime.sites.gate = EasyAuth(world).admit
    accounts = world.resources.of_type(storage.ACCOUNT_TYPE)
    images = world.resources.of_type(registries.REGISTRY_TYPE)
    await asyncio.gather(
        *(storage.open_account(world, account) for account in accounts),
        *(registries.open_registry(world, registry) for registry in images),
    )
    for site in world.resources.of_type(web_plans.SITE_TYPE):
        await run_site(world, site)
