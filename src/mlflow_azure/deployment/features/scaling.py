"""How many instances there are: a fixed number, or as many as their load takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.errors import SettingsError
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.web.autoscale import Autoscale, Limits

if TYPE_CHECKING:
    from mlflow_azure.deployment.foundation import Foundation
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.web.app_service_plan import AppServicePlan
    from mlflow_azure.settings import Settings

PROVIDER = "Microsoft.Insights"


def wanted_limits(settings: Settings, live: Limits | None) -> Limits | None:
    """Between which numbers the plan is to be scaled; None for a fixed number.

    Where the settings do not say it, that stays as it is.

    Raises:
        SettingsError: They say a number of instances, and the plan is scaled.

    """
    if settings.autoscale is not None:
        return Limits(*settings.autoscale) if settings.autoscale else None
    if live and settings.asp_instances != 1:
        raise SettingsError(
            f"ASP_INSTANCES is {settings.asp_instances}, but plan {settings.asp_name} scales from {live.minimum} to "
            f"{live.maximum} instances by itself",
            hint="For a fixed number: --autoscale off. For other limits: --autoscale MIN-MAX, without --instances",
        )
    return live


def most_instances(settings: Settings, live: Limits | None = None) -> int:
    """How many instances there can be at most. Raises as `wanted_limits` does."""
    limits = wanted_limits(settings, live)
    return limits.maximum if limits else settings.asp_instances


def autoscale_of(plan: AppServicePlan) -> tuple[Autoscale, ...]:
    """The setting by which a plan may be scaled, to be read."""
    return (Autoscale(plan, provider=Provider(plan.azure, PROVIDER)),)


def scaling_nodes(base: Foundation, settings: Settings, live: Limits | None) -> tuple[Node, ...]:
    """The setting by which the plan is scaled; nothing where there is none, and none is asked for."""
    if settings.autoscale is None and live is None:
        return ()
    provider = Provider(base.plan.azure, PROVIDER)
    limits = Limits(*settings.autoscale) if settings.autoscale else None
    wanted = bool(limits) or settings.autoscale is None
    return provider, Autoscale(base.plan, provider=provider, limits=limits, wanted=wanted)
