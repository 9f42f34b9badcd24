"""Switches one feature of a live deployment on or off, and touches nothing else of it.

Everything is done in an order in which a failure in the middle leaves the server no less protected than before: what
protects comes last when it needs something first, and what opens comes last and goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure import engine

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Node, Resource
    from mlflow_azure.resources.web.web_app import WebApp


@dataclass(frozen=True)
class Switch:
    """What is to be done.

    Attributes:
        site: The web app.
        required: What has to be deployed already, the site among it.
        nodes: What is changed, in order.

    """

    site: WebApp
    required: tuple[Resource, ...]
    nodes: tuple[Node, ...]

    def plan(self, azure: Azure) -> engine.Plan:
        """What differs. Raises MlflowAzureError, with the code NotDeployed where the web app does not exist."""
        return engine.plan(self.nodes, azure.deadline, required=self.required)

    def url(self, planned: engine.Plan) -> str:
        """Where the server is reached."""
        return str((planned.readings[self.site].outputs or {})["url"])
