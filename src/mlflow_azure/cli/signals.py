"""Handling of Ctrl+C, cancelled pipelines and closed terminals."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from mlflow_azure.cli.start import ENDING
from mlflow_azure.errors import InterruptedByUserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


class SignalledError(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end a command like Ctrl+C, with another exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def end_on_signals(came: Sequence[int] = ()) -> None:
    """Treat a cancelled pipeline and a closed terminal like Ctrl+C: end with an answer.

    Raises:
        KeyboardInterrupt: A signal has already been received.

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
    """Ignore further signals, so that nothing interrupts the answer or makes it untrue."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def hidden_by(error: BaseException) -> BaseException | None:
    """Return the Ctrl+C or signal that an exception hides, if it does.

    One that arrives just as `Condition.wait` begins leaves its lock released; releasing it again raises a RuntimeError.
    """
    cause = error.__context__ if isinstance(error, RuntimeError) else None
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__context__
    return cause


def interrupted(cause: BaseException, remark: str = "Azure finishes what it has started") -> InterruptedByUserError:
    """Return the error for Ctrl+C or a signal. Further signals are ignored."""
    ignore_signals()
    by, code = "Ctrl+C", InterruptedByUserError.exit_code
    if isinstance(cause, SignalledError):
        by, code = signal.Signals(cause.number).name, 128 + cause.number
    error = InterruptedByUserError(f"stopped by {by}; {remark}", hint="To continue, run the command again.")
    error.exit_code = code
    return error
