"""The nodes of continuous deployment: a push of the image makes the web app pull and run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.resources.registry.webhook import Webhook
from mlflow_azure.resources.web.scm_access import PublishingCredentials, ScmBasicAuth

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.settings import Settings


def continuous_deployment_nodes(
    site: WebApp, registry: ContainerRegistry, settings: Settings, after: tuple[Node, ...]
) -> tuple[PublishingCredentials, Webhook, ScmBasicAuth]:
    """The webhook, and last of all the sign-in with a password that it needs on the SCM site."""
    publishing = PublishingCredentials(site)
    scope = f"{settings.docker_image_name}:{settings.docker_image_tag}"
    webhook = Webhook(registry, site=site.name, scope=scope, publishing=publishing)
    return publishing, webhook, ScmBasicAuth(site, allowed=True, after=(webhook, *after))
