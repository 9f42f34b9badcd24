"""What the console does in a process of its own: with real pipes, with readers that leave, with Ctrl+C."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.consoles import PATIENCE, Terminal

PROGRAM = """
import os, sys
from mlflow_azure.console import OutputClosedError, create
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import Action, Planned, Started, Step

console = create(
    output=os.environ.get("OUTPUT", "text"), verbose=False, environ=os.environ,
    stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr,
)
"""
ENDLESS_LOG = """
try:
    while True:
        console.line({"message": "x" * 1000}, "x" * 1000)
except OutputClosedError:
    console.note("stopped quietly")
"""
FAILURE_WITH_A_LONG_ANSWER = """
console.failure("deploy", AzureRefusedError("refused", hint="ask"), {"long": "x" * 1_000_000})
sys.exit(4)
"""
ENDLESS_RUN = """
import threading
step = Step("plan", "App Service plan", "mlflowappserviceplan", Action.CREATE)
def run():
    yield Planned((step,))
    yield Started(step)
    threading.Event().wait()
try:
    console.watch(run())
except KeyboardInterrupt:
    console.note("interrupted by the user")
    sys.exit(130)
"""


def start(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_a_log_ends_quietly_when_its_reader_leaves() -> None:
    with start(ENDLESS_LOG) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "x" * 1000 + "\n"
        process.stdout.close()
        assert process.stderr.read() == "stopped quietly\n"
    assert process.returncode == 0


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_failed_command_keeps_its_exit_code_when_its_reader_leaves(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTPUT", output)
    with start(FAILURE_WITH_A_LONG_ANSWER) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == "Error: refused\nNext: ask\n"
    assert process.returncode == 4


def test_nobody_reading_stderr_stops_nothing() -> None:
    program = "[console.note('x' * 100_000) for _ in range(10)]; console.result('env', {}, 'done')"
    with start(program) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        assert process.stdout.read() == "done\n"
    assert process.returncode == 0


def test_ctrl_c_restores_the_terminal_and_ends_with_130() -> None:
    screen = Terminal(80, 30)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + ENDLESS_RUN],
        stdin=screen.keyboard,
        stdout=screen.stream,
        stderr=screen.stream,
        env={**screen.environ, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )
    screen.wait_for("creating")
    assert screen.screen.cursor.hidden
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    screen.hang_up()
    assert not screen.screen.cursor.hidden
    assert screen.lines[0].startswith("  ! App Service plan  mlflowappserviceplan  interrupted")
    assert screen.lines[-1] == "interrupted by the user"


def test_what_draws_on_terminals_is_loaded_for_terminals_only() -> None:
    program = "console.watch([]); console.result('plan', {}, 'text'); sys.exit('rich.console' in sys.modules)"
    with start(program) as process:
        process.communicate()
    assert process.returncode == 0
