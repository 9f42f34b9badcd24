"""The time limit of a command, `--timeout`."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar, overload

from mlflow_azure.errors import TimedOutError

T = TypeVar("T")
Every = float | Callable[[], float] | None
_FOREVER = 365 * 24 * 3600.0
_WAKE = 0.2  # seconds; on Windows a blocked queue.get without a timeout does not see Ctrl+C


_SHARE = 0.1
"""The fraction of the elapsed time to pause: a result is seen 5 % late on average."""
_SHORTEST, _LONGEST = 0.2, 5.0


def pause(elapsed: float) -> float:
    """Seconds to wait before polling again something that began `elapsed` seconds ago."""
    return min(max(elapsed * _SHARE, _SHORTEST), _LONGEST)


class Deadline:
    """A point in time, `seconds` from now."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + (_FOREVER if seconds is None else seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, at least zero."""
        return max(0.0, self._end - time.monotonic())

    def give_up(self) -> None:
        """Expire now: everything that waits or would retry ends."""
        self._end = time.monotonic()

    def check(self) -> None:
        """Raise TimedOutError when the time is up."""
        if not self.remaining:
            raise TimedOutError(
                "given up" if self.seconds is None else f"timed out after {self.seconds:g} s",
                hint="Azure finishes what it has started. Run the command again to pick up where it left off, "
                "with a longer --timeout.",
            )

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline. Raises TimedOutError if that comes first."""
        time.sleep(min(seconds, self.remaining))
        self.check()

    @overload
    def poll(self, until: Callable[[], T | None], *, every: Every = None) -> T: ...

    @overload
    def poll(self, until: Callable[[], T | None], *, every: Every = None, patience: float) -> T | None: ...

    def poll(self, until: Callable[[], T | None], *, every: Every = None, patience: float | None = None) -> T | None:
        """Call `until`, with pauses in between, until it returns something other than None.

        Args:
            until: The check; it raises if further attempts are useless.
            every: The pause in seconds, or a function that returns it; by default, pauses grow.
            patience: Seconds after which to give up and return None, including the time of the calls.

        Raises:
            TimedOutError: The deadline passed first.

        """
        began, end = time.monotonic(), Deadline(patience)
        while (answer := until()) is None and end.remaining:
            wanted = every() if callable(every) else every
            self.sleep(wanted or pause(time.monotonic() - began))
        return answer

    def call(self, work: Callable[[], T]) -> T:
        """Return the result of `work`, waiting until the deadline; see `start`."""
        return self.start(work)()

    def start(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begin `work`, and return a function that waits for its result until the deadline.

        It runs in its own daemon thread, which is abandoned at the deadline and on Ctrl+C: the Azure SDK blocks
        and cannot be interrupted.

        Raises:
            TimedOutError: The deadline passed.
            Exception: Whatever `work` raises, when its result is awaited.

        """
        done: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue()

        def body() -> None:
            try:
                done.put((work(), None))
            except BaseException as error:  # noqa: BLE001 - raised again by who waits
                done.put((None, error))

        def result() -> T:
            found, error = self.get(done)
            if error is not None:
                raise error
            return found  # type: ignore[return-value] # there is one where there is no error

        self.check()
        threading.Thread(target=body, daemon=True, name="call").start()
        return result

    def get(self, items: queue.Queue[T]) -> T:
        """Return the next item, waiting until the deadline. Raises TimedOutError."""
        while True:
            try:
                return items.get(timeout=min(_WAKE, self.remaining))
            except queue.Empty:
                self.check()
