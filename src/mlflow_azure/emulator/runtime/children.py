"""Child processes of the daemon: each on a leash (`leash.py`), recorded in `<home>/children.json` while it runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEASH = Path(__file__).with_name("leash.py")
_RECORD = "children.json"


@dataclass(frozen=True)
class _Entry:
    name: str
    pid: int
    started: float


class Child:
    """A running child process. Its output goes where `Children.start` was told to send it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, owner: Children) -> None:
        self.name = name
        self._process = process
        self._owner = owner

    @property
    def pid(self) -> int:
        """The pid of the leash, which leads the child's process group."""
        return self._process.pid

    @property
    def output(self) -> asyncio.StreamReader | None:
        """The child's output, if it was started with a pipe."""
        return self._process.stdout

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def has_socket(self, address: str, port: int) -> bool:
        """Whether a process of the child's group has a connection from this address and port."""
        group = (pid for pid in psutil.pids() if _group_of(pid) == self.pid)
        return any((address, port) in _sockets(pid) for pid in group)

    async def wait(self) -> int:
        """Wait for the end; return the exit status, or 128 + the signal's number."""
        status = await self._process.wait()
        self._owner.forget(self)
        return status

    async def stop(self) -> int:
        """Stop it gracefully, and kill it after its grace period; return the exit status."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return await self.wait()


class Children:
    """The children of one daemon."""

    def __init__(self, home: Path) -> None:
        self._record = home / _RECORD
        self._children: dict[int, Child] = {}

    async def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        output: IO[bytes] | int,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 5.0,
    ) -> Child:
        """Start `command` with standard output and error to `output` (a file, or `asyncio.subprocess.PIPE`).

        `grace` is the time from SIGTERM to SIGKILL when it is stopped, in seconds.

        Raises:
            FileNotFoundError: The directory `cwd` does not exist.

        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LEASH), str(grace)),
            *map(str, command),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        child = Child(name, process, self)
        self._children[child.pid] = child
        self._write()
        return child

    async def run(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: IO[bytes] | int,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> int:
        """Run `command` to completion; return its exit status. Cancelling ends it."""
        child = await self.start(name, command, output=log, env=env, cwd=cwd)
        try:
            return await child.wait()
        except asyncio.CancelledError:
            await child.stop()
            raise

    def forget(self, child: Child) -> None:
        """Remove an ended child from the record."""
        if self._children.pop(child.pid, None):
            self._write()

    async def stop_all(self) -> None:
        """Stop all children in parallel."""
        await asyncio.gather(*(child.stop() for child in list(self._children.values())))

    def _write(self) -> None:
        entries = [asdict(_Entry(c.name, c.pid, _started(c.pid))) for c in self._children.values()]
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(entries))
        temporary.replace(self._record)


def end_leftovers(home: Path, grace: float = 6.0) -> list[str]:
    """Stop what a killed daemon of `home` left running, and return the names of what was still running.

    A leash ends its child by itself when the daemon dies; this waits for that, and covers the case that the leash was
    killed too. A pid that was reused by another process since (with another start time) is left alone.
    """
    record = home / _RECORD
    if not record.exists():
        return []
    entries = [_Entry(**entry) for entry in json.loads(record.read_text())]
    left = [entry for entry in entries if _group_alive(entry)]
    _signal_groups(left, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(map(_group_alive, left)) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal_groups(left, signal.SIGKILL)
    record.unlink(missing_ok=True)
    return [entry.name for entry in left]


def _signal_groups(entries: list[_Entry], number: signal.Signals) -> None:
    for entry in filter(_group_alive, entries):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(entry.pid, number)


def _group_alive(entry: _Entry) -> bool:
    """Whether a process of the child's group is still running, unless the pid was reused by another group."""
    if _runs(entry.pid):
        return _started(entry.pid) == entry.started
    return any(_runs(pid) for pid in psutil.pids() if _group_of(pid) == entry.pid)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _sockets(pid: int) -> set[tuple[str, int]]:
    """Return the addresses and ports that a process has connections from."""
    try:
        return {(each.laddr.ip, each.laddr.port) for each in psutil.Process(pid).net_connections("tcp") if each.laddr}
    except psutil.Error:
        return set()


def _started(pid: int) -> float:
    """Return the start time in seconds since the epoch; 0 for a process that is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0
