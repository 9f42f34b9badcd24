"""Checks of what a deploy needs from Azure: providers, region and size, quota, available names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.azure.permissions import ASK_TO_READ, allows, granted, unless_forbidden
from mlflow_azure.azure.refusals import HINTS, doing
from mlflow_azure.deployment.checks.finding import Finding, ok, warning
from mlflow_azure.deployment.decisions import refuse_other_version, refuse_unused
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import Action
from mlflow_azure.resources.database.capacity import exhausted, refuse_unavailable
from mlflow_azure.resources.provider import REGISTERED, Provider
from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
from mlflow_azure.settings.naming import canonical_location

if TYPE_CHECKING:
    from azure.mgmt.web.models import CsmUsageQuota

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.stack_nodes import Stack
    from mlflow_azure.engine.node import Resource
    from mlflow_azure.resources.database.flexible_server import FlexibleServer
    from mlflow_azure.settings import Settings

NOTHING = Given({})
CORES = "Cores usage"
WITHOUT_MACHINES = frozenset({"Free", "Shared"})
"""Tiers with shared machines, which the core quota does not count."""

_TIERS = {
    r"F1": "Free",
    r"D1": "Shared",
    r"B\d": "Basic",
    r"S\d": "Standard",
    r"P\dm?v(\d)": r"PremiumV\1",
    r"I\dm?v2": "IsolatedV2",
}
"""App Service's name for the tier of each size."""


def providers(azure: Azure, settings: Settings) -> Finding:
    """Check that the providers are registered, or that the user may register them. Raises AzureRefusedError."""
    needed = _providers(mlflow_stack(azure, settings))
    states = engine.read(needed, azure.deadline)
    missing = [each.name for each in needed if states[each].live != each.desired(NOTHING)]
    unseen = [what for what in azure.unchecked if what.startswith("provider ")]
    if unseen:
        return warning("providers", f"you cannot see whether they are registered: {', '.join(unseen)}", ASK_TO_READ)
    if not missing:
        return ok("providers", f"{', '.join(each.name for each in needed)} are registered")
    allowed = granted(azure, settings.rg_name)
    forbidden = [name for name in missing if not allows(allowed, f"{name}/register/action")]
    if forbidden:
        raise AzureRefusedError(
            f"not registered in the subscription, and you are not allowed to register: {', '.join(forbidden)}",
            hint=f"Ask an owner of the subscription to run: az provider register --namespace {forbidden[0]}",
            code="MissingSubscriptionRegistration",
        )
    return ok("providers", f"not registered yet; a deploy registers them: {', '.join(missing)}")


def _providers(stack: Stack) -> tuple[Provider, ...]:
    return tuple(node for node in stack.nodes if isinstance(node, Provider))


def region(azure: Azure, settings: Settings) -> Finding:
    """Check that the region offers the plan's size for Linux, and MLflow 3's server size. Raises AzureRefusedError."""
    sku, location = settings.asp_sku, settings.rg_location

    def offered() -> set[str] | None:
        with doing("listing the regions of App Service"):
            listed = azure.web.list_geo_regions(sku=tier(sku), linux_workers_enabled=True)
            return {canonical_location(str(each.name)) for each in listed}

    regions = unless_forbidden(azure, f"region {location}", offered, None)
    if regions is None:
        return warning("region", f"you cannot see whether App Service offers {sku} in {location}", ASK_TO_READ)
    if location not in regions:
        raise AzureRefusedError(
            f"App Service does not offer size {sku} for Linux in region {location}",
            hint="Choose another region, --rg-location REGION, or another size, --asp-sku SKU. Regions that offer it: "
            + (", ".join(sorted(regions)) or "none"),
            code="LocationNotAvailableForResourceType",
        )
    server = mlflow_stack(azure, settings).database
    if server and _is_registered(server):
        refuse_unavailable(server)
        return ok("region", f"App Service offers size {sku} in {location}, and PostgreSQL {server.sku}")
    return ok("region", f"App Service offers size {sku} in {location}")


def _is_registered(server: FlexibleServer) -> bool:
    return bool(server.provider.read(NOTHING)["registrationState"] == REGISTERED)


def tier(sku: str) -> str | None:
    """Return the tier of a size: P1v3 → PremiumV3. None if it is unknown; Azure is then asked without it."""
    for pattern, name in _TIERS.items():
        if matched := re.fullmatch(pattern, sku, re.IGNORECASE):
            return matched.expand(name)
    return None


def quota(azure: Azure, settings: Settings) -> Finding:
    """Check the quota for another plan instance, and another server, in the region. Raises AzureRefusedError.

    App Service reports used cores and their limit. There is also a quota per size, which only
    shows during a deploy. https://learn.microsoft.com/rest/api/appservice/get-usages-in-location/list
    """
    server = mlflow_stack(azure, settings).database
    if server and _is_registered(server) and (used_up := exhausted(server)):
        return _exhausted(azure, settings, server, used_up)

    def usages() -> list[CsmUsageQuota]:
        with doing("reading the quota of App Service"):
            return list(azure.web.get_usages_in_location.list(settings.rg_location))

    listed: list[CsmUsageQuota] = unless_forbidden(azure, "quota", usages, [])
    told = [each for each in listed if each.name and str(each.name.value).startswith(CORES)]
    if not told or tier(settings.asp_sku) in WITHOUT_MACHINES:
        return warning("quota", "Azure does not report the quota for plans", "A deploy stops if it is not enough.")
    for usage in told:
        used, limit = usage.current_value or 0, usage.limit
        if limit is not None and 0 <= limit <= used:
            plan = mlflow_stack(azure, settings).plan
            name = usage.name and usage.name.value
            return _exhausted(azure, settings, plan, f"{name}: {used} of {limit} used")
    return ok("quota", f"there is quota for another instance in {settings.rg_location}")


def _exhausted(azure: Azure, settings: Settings, wanted: Resource, usage: str) -> Finding:
    if engine.read([wanted], azure.deadline)[wanted].live is not None:
        return warning("quota", f"used up ({usage}), but {wanted} already exists", HINTS["QuotaExceeded"])
    raise AzureRefusedError(
        f"the subscription has no quota for another {wanted.kind} in {settings.rg_location} ({usage})",
        hint=HINTS["QuotaExceeded"],
        code="QuotaExceeded",
    )


def names(azure: Azure, settings: Settings) -> Finding:
    """Check that the names are available, or already ours.

    Raises what planning the resources raises, for all of them at once; SettingsError if the other MLflow has them.
    """
    refuse_unused(settings)
    refuse_other_version(settings, live_version(azure, settings))
    stack = mlflow_stack(azure, settings)
    named = tuple(each for each in (stack.account, stack.registry, stack.site, stack.database) if each)
    before = [node for node in stack.nodes if isinstance(node, UserAssignedIdentity)]
    nodes = [*_providers(stack), stack.group, stack.plan, *before, *named]
    planned = engine.plan(nodes, azure.deadline, hiding=True)  # whether someone may see keys is another check's
    steps, hidden = planned.steps, [each.name for each in named if each in planned.hidden]
    if hidden:
        return warning("names", f"you may not see what has them: {', '.join(dict.fromkeys(hidden))}", ASK_TO_READ)
    unasked = [each.name for each in named if Action.KEEP not in (steps[each].action, steps[each.provider].action)]
    if unasked:
        return warning(
            "names",
            f"Azure cannot check them until their providers are registered: {', '.join(dict.fromkeys(unasked))}",
            "A deploy registers them, and stops if a name turns out to be taken.",
        )
    return ok("names", f"{', '.join(dict.fromkeys(each.name for each in named))} are available, or already yours")
