"""What the parts of a PostgreSQL server have in common: they can be asked for only while the server is ready.

A server takes one change at a time, so each part names the one written before it:
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
"""What is known of a part while its server is stopped, or busy."""


class ServerPart(AzureResource):
    """A part of a server."""

    def __init__(
        self, server: FlexibleServer, name: str, *, needs: tuple[Node, ...] = (), after: tuple[Node, ...] = ()
    ) -> None:
        super().__init__(server.azure, name, parent=server, needs=(server, *needs), after=after)
        self.server = server

    def read_part(self, given: Given, get: Callable[[], Any]) -> Properties | None:
        """The live part; NOT_ASKED while the server is not ready: it is read again before it is written."""
        if given(self.server, "state") not in (READY, UNKNOWN):
            return NOT_ASKED
        return arm.get(str(self), get)

    def state(self, live: Properties) -> str:
        """It is there, as far as can be asked."""
        return "Available" if live["properties"] else "Unknown"
