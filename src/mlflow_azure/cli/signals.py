"""What Ctrl+C, a cancelled pipeline and a closed terminal mean to a command."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from mlflow_azure.cli.start import ENDING
from mlflow_azure.errors import InterruptedByUserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


class SignalledError(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end a command as Ctrl+C does, but for the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def end_on_signals(came: Sequence[int] = ()) -> None:
    """End on a cancelled pipeline and a closed terminal as on Ctrl+C: with an answer.

    Raises:
        KeyboardInterrupt: One of them came already.

    """

    def end(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        raise SignalledError(number)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    for number in came:
        end(number, None)


def ignore_signals() -> None:
    """From here on, nothing cuts short what is answered, or makes it untrue."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def interrupted(cause: BaseException, remark: str = "Azure finishes what it has started") -> InterruptedByUserError:
    """What Ctrl+C, or a signal that ends the command, means. From here on another one does nothing."""
    ignore_signals()
    by, code = "Ctrl+C", InterruptedByUserError.exit_code
    if isinstance(cause, SignalledError):
        by, code = signal.Signals(cause.number).name, 128 + cause.number
    error = InterruptedByUserError(f"stopped by {by}; {remark}", hint="To continue, run the command again.")
    error.exit_code = code
    return error
