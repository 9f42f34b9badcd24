"""Reads a deployment before planning: its features determine its resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.decisions import refuse_other_version
from mlflow_azure.deployment.features.enabled import Features, features_of
from mlflow_azure.deployment.features.private_network import refuse_other_network
from mlflow_azure.deployment.features.scaling import autoscale_of
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine.node import Resource
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.registry.webhook import Webhook
from mlflow_azure.resources.web.app_settings import DATABASE_URI, is_given
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine import Reading
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings


def read_before(
    azure: Azure, settings: Settings, *, context: BuildContext | None = None, hiding: bool = False
) -> tuple[Features, dict[str, Reading]]:
    """Return the live deployment's features, and the readings of the common resources for the plan.

    This way nothing is read twice, and one round of requests is saved.

    Args:
        azure: The subscription.
        settings: The deployment's settings.
        context: The build context to compare the image with.
        hiding: Skip what the user cannot see.

    Raises:
        MlflowAzureError: It cannot be read.

    """
    stack = mlflow_stack(azure, settings, context=context)
    webhook = Webhook(stack.registry, site=stack.site.name, scope="", publishing=None)
    sign_in = AuthSettings(stack.site, client=None, issuer="")
    scaling = autoscale_of(stack.plan) if settings.mlflow_version == POSTGRES else ()
    common = [node for node in stack.nodes if isinstance(node, Resource)]
    try:
        readings = engine.read([*common, webhook, sign_in, *scaling], azure.deadline, hiding=hiding)
    except MlflowAzureError:  # it may be the other MLflow version, whose storage account has no key to read
        refuse_other_version(settings, live_version(azure, settings))
        raise
    server = readings[stack.database].live if stack.database else None
    refuse_other_network(settings, server)
    uri = (readings[stack.app_settings].live or {}).get(DATABASE_URI)
    features = features_of(
        azure,
        site=readings[stack.site].live,
        config=readings[stack.config].live,
        webhook=readings[webhook].live,
        sign_in=readings[sign_in].live,
        has_own_database=not is_given(uri),
        server=server,
        autoscale=next((readings[each].live for each in scaling), None),
    )
    return features, {node.key: readings[node] for node in (*common, sign_in, *scaling)}
