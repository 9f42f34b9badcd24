"""Background work that continues after its request was answered."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

_log = logging.getLogger(__name__)


class Background:
    """Tasks by name. Failures are logged; all tasks are cancelled when the emulator ends."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Begin `work`."""
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._forget)

    async def cancel(self, name: str) -> None:
        """Cancel the work called `name`, if it is running, and wait for its end."""
        task = self._tasks.get(name)
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def stop(self) -> None:
        """Cancel everything."""
        await asyncio.gather(*(self.cancel(name) for name in list(self._tasks)))

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task.get_name(), None)
        if not task.cancelled() and task.exception():
            _log.error("%s failed", task.get_name(), exc_info=task.exception())
