"""The command line at a terminal: what is typed is there before it is asked for."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.support.command import Result

if TYPE_CHECKING:
    from tests.support.command import Command


def at_a_terminal(cli: Command, *arguments: str, typed: str, **environ: str) -> Result:
    """What the command does with a terminal as its stdin and stderr; its stdout is a pipe."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow_azure", *arguments],
        cwd=cli.directory,
        env=cli.environment(TERM="xterm", **environ),
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    )
    os.close(follower)
    os.write(leader, typed.encode())
    shown: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(leader, shown))
    reader.start()
    stdout, _ = process.communicate(timeout=120)
    reader.join()
    os.close(leader)
    return Result(process.returncode, stdout, b"".join(shown).decode())


def _drain(leader: int, shown: list[bytes]) -> None:
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux's way to say that no one has the other end open any more
            return
        if not chunk:
            return
        shown.append(chunk)
