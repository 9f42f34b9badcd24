"""A thread pool for a large amount of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.data.parts import Transfer

Work = Callable[[], "Iterable[Work] | None"]
"""A piece of work; it returns further work."""


def share(first: Iterable[Work], workers: int) -> None:
    """Do the work and all further work, newest first, so that a tree is walked with little memory.

    The threads are daemons: Ctrl+C and the deadline must not wait for a request.

    Raises:
        Exception: The first failure; work in progress is then finished, and nothing else begun.

    """
    crew = _Crew(first)
    threads = [threading.Thread(target=crew.labour, daemon=True, name=f"copy {number}") for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if crew.error:
        raise crew.error


def carry_out(transfer: Transfer, then: Work) -> list[Work]:
    """Return the chunks of a transfer as work; whoever finishes the last one continues with `then`."""
    if not transfer.pieces:
        return [then]
    left = len(transfer.pieces)
    lock = threading.Lock()

    def count_down(piece: Callable[[], None]) -> list[Work]:
        nonlocal left
        piece()
        with lock:
            left -= 1
            return [then] if left == 0 else []

    return [partial(count_down, piece) for piece in transfer.pieces]


class _Crew:
    def __init__(self, first: Iterable[Work]) -> None:
        self.error: Exception | None = None
        self._changed = threading.Condition()
        self._todo = list(first)
        self._busy = 0

    def labour(self) -> None:
        while (work := self._next()) is not None:
            found: Iterable[Work] = ()
            try:
                found = work() or ()
            except Exception as error:  # noqa: BLE001 - raised again by who waits
                self.error = self.error or error
            with self._changed:
                self._busy -= 1
                self._todo += found
                self._changed.notify_all()

    def _next(self) -> Work | None:
        with self._changed:
            while self.error is None and not self._todo and self._busy:
                self._changed.wait()
            if self.error is not None or not self._todo:
                return None
            self._busy += 1
            return self._todo.pop()
