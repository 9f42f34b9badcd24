"""Runs a command that must not outlive its owner: `leash.py GRACE COMMAND…`, with the owner's pipe as standard input.

A separate program (standard library only, started with `-I -S`). When the owner dies, even by SIGKILL, the pipe
closes and the command is ended: SIGTERM to it, and after GRACE seconds SIGKILL to the whole process group, of which
this process is the leader. Works where PR_SET_PDEATHSIG is missing (macOS), and reaches grandchildren too.
"""

import os
import select
import signal
import subprocess
import sys
import time

_OWNER = 0


def main() -> int:
    """Run the command; return its exit status, or 128 + the signal that ended it."""
    grace = float(sys.argv[1])
    signals = _signal_pipe()
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
    watched, deadline = [signals, _OWNER], None
    while child.poll() is None:
        ready, _, _ = select.select(watched, [], [], None if deadline is None else deadline - time.monotonic())
        if not ready:
            os.killpg(0, signal.SIGKILL)
        if deadline is None and any(map(_says_end, ready)):
            child.terminate()
            watched, deadline = [signals], time.monotonic() + grace
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # anything the command left running
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _signal_pipe() -> int:
    """Make SIGTERM and SIGCHLD readable, so that one `select` waits for all events."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return readable


def _says_end(readable: int) -> bool:
    received = os.read(readable, 64)
    return not received if readable == _OWNER else signal.SIGTERM in received


if __name__ == "__main__":
    sys.exit(main())
