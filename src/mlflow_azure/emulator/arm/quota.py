"""Why App Service refuses a new plan: the subscription's quota, and missing capacity in a region.

Set through the control interface: {"serverfarms": 3} is a quota of plans, {"instances": {"PremiumV3": 0}} of the
instances of a tier, {"cores": 10} of cores in a region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.arm_errors import WebError
from mlflow_azure.emulator.arm.regions import display_name

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

PLAN_TYPE = "Microsoft.Web/serverfarms"
# https://learn.microsoft.com/rest/api/appservice/get-usages-in-location/list, the limit of its example.
_CORES = 250


def require_cores(world: World, plan_id: str, location: str, sku: dict[str, Any]) -> None:
    """Refuse a plan, or more or larger machines, that would exceed the core quota of the region.

    Raises:
        WebError: It would. Azure speaks of VMs: DataDog/stratus-red-team pull request 875. That it counts cores
            there too, as its usages do, is assumed.

    """
    plans = [each for each in world.resources.of_type(PLAN_TYPE) if each["location"] == display_name(location)]
    live = [each for each in plans if each["id"].lower() == plan_id.lower()]
    used, more = cores_used(plans), _cores(sku) - cores_used(live)
    if more > 0 and used + more > cores_allowed(world):
        raise _needs_more_quota("Total", cores_allowed(world), used, more)


def require_quota(world: World, sku: dict[str, Any]) -> None:
    """Refuse a plan that exceeds the quota, or for which there is no machine.

    Raises:
        WebError: It is.

    """
    limit = world.settings.get("quota", {}).get("serverfarms")
    usage = len(world.resources.of_type(PLAN_TYPE))
    if limit is not None and usage >= limit:
        raise _needs_more_quota(sku["tier"], limit, usage, 1)
    if message := over_quota(world, sku):
        raise WebError(401, "Unauthorized", message, extended_code="52039")
    if world.quirks.strikes_any("no_capacity"):
        # github.com/microsoft/vscode-azureappservice/issues/993
        raise WebError(
            409,
            "Conflict",
            "No available instances to satisfy this request. App Service is attempting to increase capacity. Please "
            "retry your request later. If urgent, this can be mitigated by deploying this to a new resource group.",
        )


def over_quota(world: World, sku: dict[str, Any]) -> str:
    """Return why a plan exceeds the quota of its tier in the region; empty if it does not.

    The text: github.com/microsoft/AzureTRE/issues/1333.
    """
    limit = world.settings.get("quota", {}).get("instances", {}).get(sku["tier"])
    plans = [each for each in world.resources.of_type(PLAN_TYPE) if each["sku"]["tier"] == sku["tier"]]
    if limit is None or sum(int(each["sku"]["capacity"]) for each in plans) + sku["capacity"] <= limit:
        return ""
    return (
        f"This region has quota of {limit} {sku['tier']} instances for your subscription. Try selecting different "
        "region or SKU."
    )


def cores_used(plans: list[Body]) -> int:
    """Return the number of cores of some plans' machines."""
    return sum(_cores(each["sku"]) for each in plans)


def cores_allowed(world: World) -> int:
    """Return the core quota of a region."""
    return int(world.settings.get("quota", {}).get("cores", _CORES))


def _cores(sku: dict[str, Any]) -> int:
    """Return the number of cores: each size doubles the one before, from one core for S1 and P0v3.

    https://azure.microsoft.com/pricing/details/app-service/linux/. Shared machines do not count.
    """
    if sku["tier"] in ("Free", "Shared"):
        return 0
    steps = int(next(filter(str.isdigit, sku["name"]))) - (0 if sku["name"].endswith(("v3", "v4")) else 1)
    return int(2**steps * sku["capacity"])


def _needs_more_quota(kind: str, limit: int, usage: int, more: int) -> WebError:
    """The text: DataDog/stratus-red-team pull request 875, and github.com/Azure/azure-cli/issues/31665."""
    return WebError(
        401,
        "Unauthorized",
        "Operation cannot be completed without additional quota. \r\nAdditional details - Location:  \r\n"
        f"Current Limit ({kind} VMs): {limit} \r\nCurrent Usage: {usage}\r\nAmount required for this "
        f"deployment ({kind} VMs): {more} \r\n(Minimum) New Limit that you should request to enable this "
        f"deployment: {usage + more}. \r\nNote that if you experience multiple scaling operations failing (in addition "
        "to this one) and need to accommodate the aggregate quota requirements of these operations, you will need "
        "to request a higher quota limit than the one currently displayed.",
    )
