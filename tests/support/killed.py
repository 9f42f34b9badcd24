"""The command line, ended by a signal of its own after a request that one chooses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

    from tests.support.command import Command

_PROGRAM = """
import logging, os, re, sys
_, pattern, number, count, *arguments = sys.argv
class End(logging.Handler):
    left = int(count)
    def emit(self, record):
        self.left -= bool(re.search(pattern, record.getMessage()))
        if self.left == 0:
            self.left = -1
            os.kill(os.getpid(), int(number))
from mlflow_azure.azure.request_log import LOGGER
LOGGER.addHandler(End())
LOGGER.setLevel(logging.DEBUG)
sys.argv = ["mlflow-azure", *arguments]
from mlflow_azure.cli.start import main
main()
"""


def ended_after(cli: Command, number: signal.Signals, pattern: str, *arguments: str, count: int = 1) -> int:
    """Run a command that is sent a signal after the answer to the `count`-th request that matches; how it ended."""
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, pattern, str(int(number)), str(count), *arguments],
        cwd=cli.directory,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
