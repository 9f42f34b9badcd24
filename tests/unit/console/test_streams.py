"""What the console does with real processes, real pipes and old encodings."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.console import create, text
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.console.conftest import Steps, Streams, Terminal

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


def start(program: str, **streams: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM + program], text=True, encoding="utf-8", **streams)


def test_a_log_ends_quietly_when_its_reader_leaves() -> None:
    with start(ENDLESS_LOG, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
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
    with start(FAILURE_WITH_A_LONG_ANSWER, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == "Error: refused\nNext: ask\n"
    assert process.returncode == 4


def test_nobody_reading_stderr_stops_nothing() -> None:
    program = "[console.note('x' * 100_000) for _ in range(10)]; console.result('env', {}, 'done')"
    with start(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        assert process.stdout.read() == "done\n"
    assert process.returncode == 0


def test_ctrl_c_restores_the_terminal_and_ends_with_130(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(80, 30)
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
    assert process.wait(10) == 130
    screen.hang_up()
    assert not screen.screen.cursor.hidden
    assert screen.lines[0].startswith("  ! App Service plan  mlflowappserviceplan  interrupted")
    assert screen.lines[-1] == "interrupted by the user"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_old_encodings_get_ascii_in_the_same_columns(encoding: str, steps: type[Steps]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    console = create(output="text", verbose=False, environ={}, stdin=None, stdout=stream, stderr=stream)
    console.result("doctor", {}, "  ✓ signed in\n  ✗ role: 所有者\n" + text.changes([steps.site]))
    assert raw.getvalue().decode(encoding).splitlines()[:4] == [
        "  + signed in",
        "  x role: ???",
        "  ~ web app  mlflow-3f9a1c02",
        "      properties.httpsOnly: false -> true",
    ]


def test_the_live_display_works_in_ascii(terminal: Callable[[int, int], Terminal], steps: type[Steps]) -> None:
    screen = terminal(60, 30)
    screen.stream.reconfigure(encoding="ascii")
    screen.console().watch(steps.failed_deploy())
    screen.hang_up()
    assert "  + container registry  mlflow3f9a1c~  created          10 s" in screen.lines
    assert "  x web app             mlflow-3f9a1~  failed           23 s" in screen.lines


def test_streams_that_were_closed_at_the_start_are_no_error(steps: type[Steps]) -> None:
    console = create(output="json", verbose=True, environ={}, stdin=None, stdout=None, stderr=None)
    console.watch(steps.deploy())
    console.result("deploy", {}, "")
    with pytest.raises(SettingsError):
        console.confirm("Delete?")


def test_a_question_without_a_terminal_names_the_option_that_answers_it(streams: type[Streams]) -> None:
    given = streams()
    with pytest.raises(SettingsError) as caught:
        given.console.confirm("Delete 9 resources?")
    assert caught.value.code == "ConfirmationNeeded"
    assert caught.value.exit_code == 2
    assert "--yes" in caught.value.hint
    assert given.err == ""


def test_rich_is_loaded_for_terminals_only() -> None:
    program = "console.watch([]); console.result('plan', {}, 'text'); sys.exit('rich' in sys.modules)"
    with start(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.communicate()
    assert process.returncode == 0
