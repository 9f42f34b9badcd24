"""The number of instances: fixed, or depending on the load."""

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
    """Return the limits for autoscale; None for a fixed number of instances.

    Without a setting, this stays unchanged.

    Raises:
        SettingsError: The settings give a number of instances, but the plan autoscales.

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
    """Return the maximum number of instances. Raises like `wanted_limits`."""
    limits = wanted_limits(settings, live)
    return limits.maximum if limits else settings.asp_instances


def autoscale_of(plan: AppServicePlan) -> tuple[Autoscale, ...]:
    """The autoscale setting that a plan may have, to be read."""
    return (Autoscale(plan, provider=Provider(plan.azure, PROVIDER)),)


def scaling_nodes(base: Foundation, settings: Settings, live: Limits | None) -> tuple[Node, ...]:
    """The plan's autoscale setting; nothing if there is none and none is wanted."""
    if settings.autoscale is None and live is None:
        return ()
    provider = Provider(base.plan.azure, PROVIDER)
    limits = Limits(*settings.autoscale) if settings.autoscale else None
    wanted = bool(limits) or settings.autoscale is None
    return provider, Autoscale(base.plan, provider=provider, limits=limits, wanted=wanted)
