"""A signal that ends a command is told as what it is."""

from __future__ import annotations

import signal
import threading

import pytest

from mlflow_azure.cli.signals import SignalledError, hidden_by


def test_a_signal_in_the_first_moment_of_a_wait_is_found_behind_what_it_breaks() -> None:
    condition = threading.Condition()

    def begin_to_wait() -> None:
        with condition:
            condition.release()  # as `wait` does first
            raise SignalledError(signal.SIGTERM)

    with pytest.raises(RuntimeError, match="release") as raised:
        begin_to_wait()
    cause = hidden_by(raised.value)
    assert isinstance(cause, SignalledError)
    assert cause.number == signal.SIGTERM


@pytest.mark.parametrize("error", [RuntimeError("ours"), OSError("theirs")])
def test_other_errors_hide_no_signal(error: Exception) -> None:
    assert hidden_by(error) is None
