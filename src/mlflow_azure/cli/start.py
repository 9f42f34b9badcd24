"""The first half second: what interrupts the program while it is loaded is kept until it can be answered."""

from __future__ import annotations

import gc
import signal

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that end a command; not all are there on Windows."""

GARBAGE = 50_000
"""New objects between two searches for garbage: imports make hundreds of thousands, and none of them is garbage."""


def main() -> None:
    """Load the command line, and run it."""
    gc.set_threshold(GARBAGE)
    came: list[int] = []
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as below nohup, or in the background of a shell script
            signal.signal(number, lambda number, _frame: came.append(number))
    from mlflow_azure.cli.main import main as run

    run(came=came)
