"""What Ctrl+C, a cancelled pipeline and a closed terminal mean to a command."""

from __future__ import annotations

import signal

from mlflow_azure.errors import InterruptedByUserError


class SignalledError(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end a command as Ctrl+C does, but for the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def end_on_signals() -> None:
    """End on a cancelled pipeline and a closed terminal as on Ctrl+C: with an answer."""

    def end(number: int, _frame: object) -> None:
        raise SignalledError(number)

    for name in ("SIGTERM", "SIGHUP"):  # not all on Windows
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


def ignore_signals() -> None:
    """Let another Ctrl+C do nothing: what is left to be done must not be cut short."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def interrupted(cause: BaseException, remark: str = "what Azure has begun goes on there") -> InterruptedByUserError:
    """What Ctrl+C, or a signal that ends the command, means. From here on another one does nothing."""
    ignore_signals()
    by, code = "Ctrl+C", InterruptedByUserError.exit_code
    if isinstance(cause, SignalledError):
        by, code = signal.Signals(cause.number).name, 128 + cause.number
    error = InterruptedByUserError(f"stopped by {by}; {remark}", hint="To go on, run the command again.")
    error.exit_code = code
    return error
