"""The open requests of a web app's containers."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.runtime.sites.container import Container

# App Service's time limit for stopping a container: WEBSITES_CONTAINER_STOP_TIME_LIMIT,
# https://learn.microsoft.com/azure/app-service/reference-app-settings
_SECONDS = 5.0


class UnderWay:
    """Counts them by container.

    A stopping server responds to requests it has read, but drops connections it has not accepted yet. App Service
    removes a worker from the rotation first; that it waits for open requests, and no longer than this, is assumed.
    """

    def __init__(self) -> None:
        self._asked: Counter[int] = Counter()
        self._answered = asyncio.Event()

    @contextmanager
    def asking(self, container: Container) -> Iterator[None]:
        """Count one more open request within the context."""
        self._asked[container.port] += 1
        try:
            yield
        finally:
            self._asked[container.port] -= 1
            self._answered.set()

    async def end(self, container: Container) -> None:
        """Stop a container out of rotation: when it has finished its requests, or after some seconds."""
        await asyncio.shield(self._end(container))

    async def _end(self, container: Container) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                while self._asked[container.port] > 0:
                    self._answered.clear()
                    await self._answered.wait()
        await container.stop()
