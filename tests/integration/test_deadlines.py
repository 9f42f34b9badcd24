"""Whatever a command waits for: it ends at its deadline, and on Ctrl+C. Azure does not answer here."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.emulator import launcher
from tests.support.terminal import at_a_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

COMMANDS = (
    ("deploy",),
    ("deploy", "--auth"),
    ("plan",),
    ("destroy", "--yes"),
    ("status",),
    ("logs",),
    ("logs", "--follow"),
    ("open",),
    ("ssh", "true"),
    ("env",),
    ("doctor",),
    ("auth", "enable"),
    ("auth", "disable", "--yes"),
    ("auth", "token"),
    ("cd", "enable"),
    ("cd", "disable"),
    ("cd", "status"),
    ("list",),
    ("backup", "directory"),
    ("rotate-keys",),
    ("upgrade", "--to", "3", "--no-backup", "--public", "--yes"),
)
AGES = 100_000
"""What waits for an answer that takes as many seconds does not end within the time that a test has."""


@pytest.fixture(scope="module")
def silent(shared_emulator: Emulator, deployed: dict[str, Any]) -> Iterator[Emulator]:
    """An emulator with a deployment, which takes requests and answers none."""
    shared_emulator.control("PUT", "latency", {"profile": "azure", "scale": AGES})
    yield shared_emulator
    shared_emulator.control("PUT", "latency", {})


@pytest.fixture
def throttled(shared_emulator: Emulator, deployed: dict[str, Any]) -> Iterator[Emulator]:
    """An emulator with a deployment, which wants every request to be sent again much later."""
    later = {"status": 429, "headers": {"Retry-After": str(AGES)}}
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        shared_emulator.fail(method=method, path="", kind="status", times=None, **later)
    yield shared_emulator
    shared_emulator.heal()


def spelled(command: tuple[str, ...], *common: str) -> tuple[str, ...]:
    """The command line: options that all commands have stand before what a command takes for itself."""
    name = command[:2] if command[0] in ("auth", "cd", "emulator") else command[:1]
    return (*name, "--cloud", "emulator", "--output", "json", *common, *command[len(name) :])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_ends_at_its_deadline(shared_cli: Command, silent: Emulator, command: tuple[str, ...]) -> None:
    answer = shared_cli(*spelled(command, "--timeout", "1"))
    assert answer.exit_code == 9, answer.stderr
    assert answer.errors[0]["code"] == "TimedOut"


@pytest.mark.parametrize("command", [("list",), ("emulator", "status"), ("emulator", "start")], ids=" ".join)
def test_an_emulator_that_is_stuck_holds_no_command_up(
    shared_cli: Command, shared_emulator: Emulator, command: tuple[str, ...]
) -> None:
    with stuck(shared_emulator):
        answer = shared_cli(*spelled(command, "--timeout", "1"))
    assert (answer.exit_code, answer.errors[0]["code"]) == (9, "TimedOut"), answer.stderr


def test_a_question_that_nobody_answers_ends_at_the_deadline(shared_cli: Command) -> None:
    asked = at_a_terminal(shared_cli, "init", "--timeout", "5", "--output", "json", typed="")
    assert "Resource group [mlflow-rg]" in asked.stderr
    assert (asked.exit_code, asked.errors[0]["code"]) == (9, "TimedOut")


@contextmanager
def stuck(emulator: Emulator) -> Iterator[None]:
    """Within, the emulator's process does not go on."""
    found = launcher.endpoint(emulator.home)
    assert found is not None
    os.kill(found["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(found["pid"], signal.SIGCONT)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_ends_on_ctrl_c(shared_cli: Command, throttled: Emulator, command: tuple[str, ...]) -> None:
    assert stop(shared_cli, throttled, command, signal.SIGINT) == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_an_answer(
    shared_cli: Command, throttled: Emulator, number: signal.Signals
) -> None:
    assert stop(shared_cli, throttled, ("plan",), number) == 128 + number


def stop(cli: Command, emulator: Emulator, command: tuple[str, ...], number: signal.Signals) -> int:
    """The exit code of a command that is stopped while it waits to send its first request again."""
    emulator.forget_requests()
    process = cli.start(*spelled(command))
    wait_until(lambda: emulator.requests, process)
    process.send_signal(number)
    answer, told = process.communicate()
    assert json.loads(answer)["errors"][0]["code"] == "Interrupted"
    assert "Traceback" not in told
    return process.returncode
