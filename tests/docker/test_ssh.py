"""`mlflow-azure ssh`: through the web app's tunnel into a real container."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.command import Command, isolated
from tests.support.deployment import Deployment, deployed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Deployment]:
    """A server that is deployed to containers of this machine's engine."""
    processes = isolated(tmp_path_factory.mktemp("ssh"))
    containers = {"MLFLOW_AZURE_EMULATOR_RUNTIME": "container", "MLFLOW_AZURE_EMULATOR_BASE_IMAGE": base_image}
    cli = Command(processes.directory, {**processes.environ, **containers})
    with deployed(cli, "--build", "remote") as deployment:
        yield deployment


class Terminal:
    """A pseudo-terminal in which `mlflow-azure ssh` runs, and what it has shown so far."""

    def __init__(self, deployment: Deployment) -> None:
        self._keyboard, self._screen = pty.openpty()
        self.resize(100, 30)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlflow_azure", "ssh", "--cloud", "emulator"],
            cwd=deployment.cli.directory,
            env=deployment.cli.environment(TERM="xterm"),
            stdin=self._screen,
            stdout=self._screen,
            stderr=self._screen,
            start_new_session=True,
        )
        self._shown = b""
        self._news = threading.Condition()
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def _watch(self) -> None:
        while True:
            try:
                data = os.read(self._keyboard, 4096)
            except OSError:  # the other end is closed
                return
            with self._news:
                self._shown += data
                self._news.notify_all()

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._keyboard, text.encode())

    def wait_for(self, text: str, *, after: str = "") -> None:
        with self._news:
            assert self._news.wait_for(lambda: self._shows(text.encode(), after.encode()), timeout=60), self._shown

    def _shows(self, text: bytes, after: bytes) -> bool:
        _, found, rest = self._shown.partition(after) if after else (b"", b"", self._shown)
        return text in rest and found == after

    def end(self) -> int:
        status = self._process.wait(60)
        os.close(self._screen)  # not earlier: with the last who has it open, Linux may drop what is unread
        self._watching.join()
        os.close(self._keyboard)
        return status


def test_a_command_runs_in_the_container_and_its_exit_status_is_the_exit_code(deployment: Deployment) -> None:
    processes = deployment("ssh", "ps", "-ef")
    assert processes.exit_code == 0, processes.stderr
    assert "gunicorn" in processes.stdout
    assert deployment("ssh", "exit 7").exit_code == 7


def test_a_container_that_kudu_says_is_stopped_and_then_closed_is_waited_for(deployment: Deployment) -> None:
    web = deployment.emulator.azure.web.web_apps
    site = next(iter(web.list()))
    deployment.emulator.control("PUT", "quirks", {"tunnel_stopped": 1, "tunnel_closed": 1})
    web.restart(site.resource_group, site.name)
    done = deployment("ssh", "echo said")
    deployment.emulator.control("PUT", "quirks", {})
    assert done.stdout == "said\n", done.stderr
    assert "its state is stopped. Waiting" in done.stderr


def test_output_and_errors_of_a_command_stay_apart(deployment: Deployment) -> None:
    done = deployment("ssh", "echo said; echo complained >&2")
    assert (done.stdout, done.stderr) == ("said\n", "complained\n")
    data = deployment.json("ssh", "echo said; echo complained >&2").data
    assert data == {"exit_status": 0, "stdout": "said\n", "stderr": "complained\n"}


def test_the_input_reaches_the_command(deployment: Deployment) -> None:
    counted = deployment.cli("ssh", "--cloud", "emulator", "wc", "-c", stdin="x" * 100_000)
    assert counted.stdout.strip() == "100000"


def test_the_session_has_the_app_settings(deployment: Deployment) -> None:
    assert deployment("ssh", "printenv", "MLFLOW_SERVER_FILE_STORE").stdout == "/mlruns/mlruns\n"


def test_a_signal_that_ends_the_command_is_told_as_ssh_tells_it(deployment: Deployment) -> None:
    assert deployment("ssh", "kill -9 $$").exit_code == 255


def test_a_shell_has_the_terminals_size_and_keys_and_ends_with_its_status(deployment: Deployment) -> None:
    terminal = Terminal(deployment)
    terminal.wait_for("# ")
    terminal.type("stty size; echo TERM=$TERM\r")
    terminal.wait_for("30 100")
    terminal.wait_for("TERM=xterm")
    terminal.resize(80, 24)
    terminal.type("sleep 1; stty size\r")
    terminal.wait_for("24 80")
    terminal.type("(echo be''gun; exec sleep 600)\r")
    terminal.wait_for("begun")  # which the shell itself has not shown: the keys are the command's now
    terminal.type("\x03")  # Ctrl+C ends the sleep, not the session
    terminal.wait_for("# ", after="^C")  # a terminal drops what is typed before it has dealt with the Ctrl+C
    terminal.type("echo still $((40 + 2)); exit 5\r")
    terminal.wait_for("still 42")
    assert terminal.end() == 5


def test_a_container_that_goes_away_is_told_as_a_lost_connection(deployment: Deployment) -> None:
    name = next(row["name"] for row in deployment.json("status").data["resources"] if row["kind"] == "web app")
    with deployment.cli.start("ssh", "--cloud", "emulator", "echo ready; sleep 600") as session:
        assert session.stdout
        assert session.stdout.readline() == "ready\n"
        deployment.emulator.azure.web.web_apps.restart("mlflow-rg", name)
        assert session.wait(60) == 1
        assert session.stderr
        assert "the connection to the container was lost" in session.stderr.read()
