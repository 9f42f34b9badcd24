"""How a command ends when it is not let finish: by a signal at any moment, or by output that goes nowhere."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.consoles import PATIENCE, Terminal

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment

pytestmark = pytest.mark.light

PAGE = 4096  # bytes; no pipe is smaller
FULL = Path("/dev/full")
SLOW_LIBRARY = """
import os, sys
os.write(2, b"loading\\n")
sys.stdin.read()
sys.path.remove(os.path.dirname(__file__))
del sys.modules["typer"]
import typer
"""
"""Takes the place of Typer, and is loaded when its input ends."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_program_is_loaded_leaves_an_answer_too(
    cli: Command, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "typer.py").write_text(SLOW_LIBRARY)
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow_azure", "settings", "show", "--output", "json"],
        cwd=cli.directory,
        env=cli.environment(PYTHONPATH=str(tmp_path / "slow")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "loading\n"
    process.send_signal(number)
    answer, told = process.communicate()
    assert process.returncode == 128 + number
    assert json.loads(answer)["errors"][0]["code"] == "Interrupted"
    assert "Traceback" not in told


def test_what_nohup_ignores_stays_ignored(cli: Command) -> None:
    program = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "import mlflow_azure.cli.main as loaded;"
        "loaded.end_on_signals(); os.kill(os.getpid(), signal.SIGHUP); print('still here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=cli.environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout == "still here\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_answer_does_not_make_it_untrue(cli: Command, number: signal.Signals) -> None:
    (cli.directory / "deploy.sh").write_text("RG_NAME=g\n" + "".join(f"OTHER_{each}=1\n" for each in range(1000)))
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PAGE)  # so that the command is busy with its answer until this is read
    busy = subprocess.Popen(
        [sys.executable, "-m", "mlflow_azure", "settings", "import", "deploy.sh", "--output", "json"],
        cwd=cli.directory,
        env=cli.environment(),
        stdout=write,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    while waiting(read) == 0:
        assert busy.poll() is None
        time.sleep(0.01)
    busy.send_signal(number)
    answer = b"".join(iter(lambda: os.read(read, PAGE), b""))
    assert busy.wait() == 0
    assert json.loads(answer)["status"] == "ok"


def waiting(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.skipif(not FULL.exists(), reason="Only Linux has a device that is always full")
@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "--version",
        "deploy --help",
        "settings show",
        "settings show --output json",
        "emulator status",
        "emulator status --output json",
    ],
)
def test_a_full_disk_under_the_answer_is_told_in_a_sentence(cli: Command, line: str) -> None:
    with FULL.open("w") as full:
        done = run_to(cli, line, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: writing the output: No space left on device\nNext: ")
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="Only Linux has a device that is always full")
def test_a_full_disk_does_not_change_the_exit_code_of_what_failed_before(cli: Command) -> None:
    with FULL.open("w") as full:
        done = run_to(cli, "plan --rg-name ends. --output json", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert "RG_NAME" in done.stderr
    assert "writing the output" in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="Only Linux has a device that is always full")
def test_a_full_disk_under_the_messages_loses_no_answer(cli: Command) -> None:
    with FULL.open("w") as full:
        done = run_to(cli, "plan --rg-name ends. --output json", stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 2
    assert json.loads(done.stdout)["status"] == "failed"


@pytest.mark.parametrize("line", ["--help", "--version", "deploy --help", "settings show", "settings show -o json"])
def test_a_reader_that_has_left_is_no_error(cli: Command, line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = run_to(cli, line, stdout=closed, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")


def run_to(cli: Command, line: str, **streams: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlflow_azure", *line.split()]
    return subprocess.run(command, cwd=cli.directory, env=cli.environment(), text=True, check=False, **streams)  # type: ignore[call-overload]


@pytest.mark.parametrize("path", ["nowhere/logs.zip", ".", "/dev/full"])
def test_a_log_that_cannot_be_written_is_told_in_a_sentence(deployment: Deployment, path: str) -> None:
    [error] = deployment.json("logs", "--download", path).errors
    assert error["code"] == "CannotWrite"
    assert f"writing {path}: " in error["message"]
    assert "--download FILE" in error["hint"]


def test_ctrl_z_gives_the_cursor_back_as_long_as_it_lasts(deployment: Deployment) -> None:
    deployment.emulator.fail(method="GET", path="", status=429, headers={"Retry-After": "100000"}, times=None)
    screen = Terminal(80, 30)
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow_azure", "plan", "--cloud", "emulator"],
        cwd=deployment.cli.directory,
        stdin=screen.keyboard,
        stdout=screen.stream,
        stderr=screen.stream,
        env={**deployment.cli.environment(), **screen.environ},
        process_group=0,  # one whose parent is in another, as under a shell: the kernel stops no other
    )
    try:
        screen.wait_for("Reading what is in Azure")
        assert screen.screen.cursor.hidden
        process.send_signal(signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        screen.wait_until(lambda: not screen.screen.cursor.hidden)
        process.send_signal(signal.SIGCONT)
        screen.wait_until(lambda: screen.screen.cursor.hidden)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
        deployment.emulator.heal()
    screen.hang_up()
    assert not screen.screen.cursor.hidden
