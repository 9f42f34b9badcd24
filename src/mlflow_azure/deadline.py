"""The time that a command may take, `--timeout`."""

from __future__ import annotations

import queue
import time
from typing import TypeVar

from mlflow_azure.errors import TimedOutError

T = TypeVar("T")
_FOREVER = 365 * 24 * 3600.0
_WAKE = 0.2  # seconds; on Windows a blocked queue.get without a timeout does not see Ctrl+C


class Deadline:
    """A point in time, `seconds` from now."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + (_FOREVER if seconds is None else seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, at least zero."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raise TimedOutError when the time is up."""
        if not self.remaining:
            raise TimedOutError(
                f"not done within {self.seconds:g} seconds",
                hint="What Azure has begun goes on there. Run the command again to go on from where it is, "
                "with a longer --timeout.",
            )

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline. Raises TimedOutError when that comes first."""
        time.sleep(min(seconds, self.remaining))
        self.check()

    def get(self, items: queue.Queue[T]) -> T:
        """The next item, waiting for it until the deadline. Raises TimedOutError."""
        while True:
            try:
                return items.get(timeout=min(_WAKE, self.remaining))
            except queue.Empty:
                self.check()
