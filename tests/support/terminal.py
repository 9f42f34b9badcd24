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

_END = b"\x04"  # printed by no program, and left as it is on the way out


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
    os.write(leader, typed.encode())
    shown: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(leader, shown))
    reader.start()
    stdout, _ = process.communicate()
    os.write(follower, _END)
    reader.join()
    os.close(follower)
    os.close(leader)
    return Result(process.returncode, stdout, b"".join(shown).decode())


def _read_all(leader: int, shown: list[bytes]) -> None:
    """Read up to a mark: when the last who has the other end open closes it, Linux may drop what is unread."""
    while True:
        chunk = os.read(leader, 65536)
        if chunk.endswith(_END):
            shown.append(chunk.removesuffix(_END))
            return
        shown.append(chunk)
