"""Base of the parts of a PostgreSQL server, which can only be read while the server is ready.

A server accepts one change at a time, so each part refers to the one written before it:
https://github.com/hashicorp/terraform-provider-azurerm/pull/18159
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.database.flexible_server import READY

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.engine.node import Given, Node, Properties
    from mlflow_azure.resources.database.flexible_server import FlexibleServer

NOT_ASKED: Properties = {"properties": {}}
"""The state of a part while its server is stopped or busy."""


class ServerPart(AzureResource):
    """A part of a server."""

    def __init__(
        self, server: FlexibleServer, name: str, *, needs: tuple[Node, ...] = (), after: tuple[Node, ...] = ()
    ) -> None:
        super().__init__(server.azure, name, parent=server, needs=(server, *needs), after=after)
        self.server = server

    def read_part(self, given: Given, get: Callable[[], Any]) -> Properties | None:
        """Return the live part; NOT_ASKED while the server is not ready. It is read again before it is written."""
        if given(self.server, "state") not in (READY, UNKNOWN):
            return NOT_ASKED
        return arm.get(str(self), get)

    def state(self, live: Properties) -> str:
        """Return its state, as far as it can be read."""
        return "Available" if live["properties"] else "Unknown"
