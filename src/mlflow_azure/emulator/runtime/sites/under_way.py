"""The requests that a web app's containers have not answered yet."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.runtime.sites.container import Container

# As long as App Service gives a container that it ends: WEBSITES_CONTAINER_STOP_TIME_LIMIT,
# https://learn.microsoft.com/azure/app-service/reference-app-settings
_SECONDS = 5.0


class UnderWay:
    """Counts them, by the container that was asked.

    A server that is told to end answers what it has read, but drops a connection that it has not taken yet. App Service
    takes a worker out of the rotation first; that it waits for the answers, and no longer than this, is assumed.
    """

    def __init__(self) -> None:
        self._asked: Counter[int] = Counter()
        self._answered = asyncio.Event()

    @contextmanager
    def asking(self, container: Container) -> Iterator[None]:
        """Within, one more is under way."""
        self._asked[container.port] += 1
        try:
            yield
        finally:
            self._asked[container.port] -= 1
            self._answered.set()

    async def end(self, container: Container) -> None:
        """End a container that is asked no more: when it has answered, or after some seconds."""
        await asyncio.shield(self._end(container))

    async def _end(self, container: Container) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                while self._asked[container.port] > 0:
                    self._answered.clear()
                    await self._answered.wait()
        await container.stop()
