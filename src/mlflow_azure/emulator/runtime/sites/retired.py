"""A web app's previous container: it responds until the new one does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.sites.container import Container
    from mlflow_azure.emulator.runtime.sites.under_way import UnderWay


class Retired:
    """A running container that will be stopped as soon as another one responds in its place."""

    def __init__(self, container: Container, under_way: UnderWay) -> None:
        self.container = container
        self._under_way = under_way
        self._ended = asyncio.create_task(container.wait())

    @property
    def runs(self) -> bool:
        """Whether it has not exited by itself."""
        return not self._ended.done()

    async def end(self) -> None:
        """End it."""
        await self._under_way.end(self.container)
        await asyncio.wait([self._ended])
