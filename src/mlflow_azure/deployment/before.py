"""Looks at a deployment before its plan is made: which features it has decides what it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.features.enabled import Features, features_of
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine.node import Resource
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.registry.webhook import Webhook

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


def read_before(azure: Azure, settings: Settings, *, hiding: bool = False) -> Features:
    """What the live deployment has enabled.

    Everything that every deployment has is read on this occasion, and `azure.seen` keeps it for the plan: what is
    asked once is not asked again, and one round of requests less is waited for.

    Args:
        azure: The subscription.
        settings: Of the deployment.
        hiding: Go on without what the user may not see.

    Raises:
        MlflowAzureError: Whatever stands in the way of reading it.

    """
    stack = mlflow_stack(azure, settings)
    webhook = Webhook(stack.registry, site=stack.site.name, scope="", publishing=None)
    sign_in = AuthSettings(stack.site, client=None, issuer="")
    # What the image is compared with, only who plans knows.
    common = [node for node in stack.nodes if isinstance(node, Resource) and node is not stack.image]
    readings = engine.read([*common, webhook, sign_in], azure.deadline, hiding=hiding)
    azure.seen.update({node.key: readings[node] for node in (*common, sign_in)})
    return features_of(azure, readings[stack.config].live, readings[webhook].live, readings[sign_in].live)
