"""Turns one feature of a live deployment on or off, without touching anything else.

The order ensures that a failure half-way leaves the server no less protected than before: protection is
added after its prerequisites, and anything that opens access is added last and removed first.
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
    """The setting to change, and how.

    Attributes:
        site: The web app.
        required: What must already be deployed, including the site.
        nodes: The changes, in order.

    """

    site: WebApp
    required: tuple[Resource, ...]
    nodes: tuple[Node, ...]

    def plan(self, azure: Azure) -> engine.Plan:
        """Return the plan. Raises MlflowAzureError, with code NotDeployed if the web app does not exist."""
        return engine.plan(self.nodes, azure.deadline, required=self.required)

    def url(self, planned: engine.Plan) -> str:
        """Return the server's URL."""
        return str((planned.readings[self.site].outputs or {})["url"])
