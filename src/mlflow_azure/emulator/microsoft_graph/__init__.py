"""Microsoft Graph, as far as a web app's sign-in needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.microsoft_graph import (
    applications,
    federated_credentials,
    grants,
    objects,
    service_principals,
)
from mlflow_azure.emulator.microsoft_graph.service import Graph

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.wire import Wire

_MODULES = (applications, federated_credentials, service_principals, grants, objects)


def graph_routes(world: World, wire: Wire) -> list[BaseRoute]:
    """The routes of Microsoft Graph."""
    return Graph(world, wire).routes([operation for module in _MODULES for operation in module.operations])
