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
    """Do the work and all further work, that of the newest work first, so that a tree is walked with little memory.

    Iterables are asked for work only when someone is there to do it, by one thread at a time.
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


def carry_out(transfer: Transfer, then: Work) -> Iterable[Work]:
    """Return the chunks of a transfer as work; whoever finishes the last one continues with `then`.

    A single chunk is transferred at once.
    """
    if len(transfer.pieces) <= 1:
        for piece in transfer.pieces:
            piece()
        return then() or ()
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
        self._todo = [iter(first)]
        self._busy = 0

    def labour(self) -> None:
        try:
            while (work := self._next()) is not None:
                self._add(work() or ())
        except Exception as error:  # noqa: BLE001 - raised again by who waits
            with self._changed:
                self.error = self.error or error
                self._changed.notify_all()

    def _add(self, found: Iterable[Work]) -> None:
        with self._changed:
            self._busy -= 1
            if found:
                self._todo.append(iter(found))
            if found or not self._busy:
                self._changed.notify_all()

    def _next(self) -> Work | None:
        with self._changed:
            while self.error is None:
                if (work := self._newest()) is not None:
                    self._busy += 1
                    return work
                if not self._busy:
                    return None
                self._changed.wait()
            return None

    def _newest(self) -> Work | None:
        while self._todo:
            if (work := next(self._todo[-1], None)) is not None:
                return work
            self._todo.pop()
        return None
