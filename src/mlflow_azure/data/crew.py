"""Threads that share the pieces of a large piece of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.data.parts import Transfer

Work = Callable[[], "Iterable[Work] | None"]
"""Something to do; what it answers with is to be done next."""


def share(first: Iterable[Work], workers: int) -> None:
    """Do the work and all that comes of it, the newest first: so a tree is walked with little in memory.

    The threads are daemons: Ctrl+C and a deadline must not wait for a request.

    Raises:
        Exception: What the first piece that failed raised; what is under way then is finished, and nothing else begun.

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
    """The pieces of a transfer as work; whoever ends the last one goes on with `then`."""
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
