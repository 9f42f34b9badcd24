"""Child processes end with their daemon, however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from mlflow_azure.emulator.runtime import end_leftovers
from mlflow_azure.emulator.runtime.children import Children
from tests.support.processes import alive
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

# Starts a child that starts a child of its own, both deaf to SIGTERM, and says their process ids.
STUBBORN = """
trap '' TERM
sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' &
echo $$
while :; do sleep 0.1; done
"""
DAEMON = """
import asyncio, sys
from pathlib import Path
from mlflow_azure.emulator.runtime.children import Children

async def main():
    with open(sys.argv[2], "wb") as output:
        await Children(Path(sys.argv[1])).start("stubborn", ["sh", "-c", sys.argv[3]], output=output, grace=0.5)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def _start_daemon(home: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    output = home / "pids"
    daemon = subprocess.Popen([sys.executable, "-c", DAEMON, home, output, STUBBORN])
    wait_until(lambda: output.exists() and output.read_text().count("\n") == 2)
    wait_until((home / "children.json").exists)
    return daemon, [int(pid) for pid in output.read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def test_children_and_grandchildren_end_when_the_daemon_is_killed(tmp_path: Path) -> None:
    daemon, pids = _start_daemon(tmp_path)
    daemon.kill()
    daemon.wait()
    wait_until(lambda: not any(map(_runs, pids)))


def test_leftovers_of_a_killed_daemon_are_ended_even_when_their_leash_was_killed_too(tmp_path: Path) -> None:
    daemon, pids = _start_daemon(tmp_path)
    leash = json.loads((tmp_path / "children.json").read_text())[0]["pid"]
    os.kill(leash, signal.SIGKILL)
    daemon.kill()
    daemon.wait()
    assert end_leftovers(tmp_path, grace=0.2) == ["stubborn"]
    wait_until(lambda: not any(map(_runs, pids)))
    assert end_leftovers(tmp_path) == []


def test_a_process_that_got_the_number_of_a_child_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        entry = {"name": "child", "pid": stranger.pid, "started": 1.0}
        (tmp_path / "children.json").write_text(json.dumps([entry]))
        assert end_leftovers(tmp_path, grace=0.2) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_child_that_ignores_the_request_to_end_is_killed_after_its_grace_period(tmp_path: Path) -> None:
    async def scenario() -> int:
        children = Children(tmp_path)
        child = await children.start("stubborn", ["sh", "-c", STUBBORN], output=asyncio.subprocess.PIPE, grace=0.3)
        assert child.output
        await child.output.readline()
        return await child.stop()

    assert asyncio.run(scenario()) == -signal.SIGKILL


def test_a_child_s_exit_status_comes_through(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, int]:
        children = Children(tmp_path)
        ended = await children.run("ended", ["sh", "-c", "exit 7"], log=asyncio.subprocess.DEVNULL)
        killed = await children.run("killed", ["sh", "-c", "kill -9 $$"], log=asyncio.subprocess.DEVNULL)
        return ended, killed

    assert asyncio.run(scenario()) == (7, 137)
    assert json.loads((tmp_path / "children.json").read_text()) == []
