"""The first half second: signals received while the program is loading are kept until it can answer."""

from __future__ import annotations

import gc
import signal

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that end a command; Windows does not have all of them."""

GARBAGE = 50_000
"""Garbage collection threshold: imports create hundreds of thousands of objects, none of them garbage."""


def main() -> None:
    """Load the command line, and run it."""
    gc.set_threshold(GARBAGE)
    came: list[int] = []
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup, or in a shell script's background
            signal.signal(number, lambda number, _frame: came.append(number))
    from mlflow_azure.cli.main import main as run

    run(came=came)
