"""Waits for what is to happen, however busy the machine is: pytest's own limit ends a test that waits in vain."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

_LOOK_SECONDS = 0.02
_PATIENCE = 600
"""Seconds: only for threads, which pytest's limit does not end."""


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Return when it holds; fail where a process that is to bring it about has ended."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(_LOOK_SECONDS)


@contextmanager
def frozen(process: subprocess.Popen[str]) -> Iterator[None]:
    """Within, a process does nothing, for however long the test takes for something else."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
