"""The command line, disturbed from within after the answer to a request that one chooses: by a signal, or a wait."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.support.command import Result
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command

STALL = 0
_HOLD = -1
"""In place of the number of a signal: the thread that sent the request goes on a minute later."""
_PROGRAM = """
import logging, os, re, sys, time
_, pattern, number, count, *arguments = sys.argv
class Disturb(logging.Handler):
    left = int(count)
    def emit(self, record):
        self.left -= bool(re.search(pattern, record.getMessage()))
        if self.left == 0:
            self.left = -1
            os.kill(os.getpid(), int(number)) if int(number) > 0 else self.stall()
    def stall(self):
        self.release()  # the others go on
        time.sleep(60) if number == "0" else open("held").read()
        self.acquire()
from mlflow_azure.azure.request_log import LOGGER
LOGGER.addHandler(Disturb())
LOGGER.setLevel(logging.DEBUG)
sys.argv = ["mlflow-azure", *arguments]
from mlflow_azure.cli.start import main
main()
"""


@contextmanager
def held(cli: Command, *arguments: str, pattern: str = "", count: int = 1) -> Iterator[subprocess.Popen[str]]:
    """A command that waits after the answer to the `count`-th request that matches, until the `with` block is left."""
    pipe = cli.directory / "held"
    os.mkfifo(pipe)
    program = [sys.executable, "-c", _PROGRAM, pattern, str(_HOLD), str(count), *arguments]
    command = subprocess.Popen(
        program,
        cwd=cli.directory,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    writing: list[int] = []

    def reads() -> bool:
        with suppress(OSError):  # nobody does yet
            writing.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(writing)

    try:
        wait_until(reads, command)
        yield command
    finally:
        for each in writing:
            os.close(each)
        pipe.unlink()


def disturbed(cli: Command, number: int, *arguments: str, pattern: str = "", count: int = 1) -> Result:
    """Run a command that is disturbed after the answer to the `count`-th request that matches; how it ended."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, pattern, str(int(number)), str(count), *arguments],
        cwd=cli.directory,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
