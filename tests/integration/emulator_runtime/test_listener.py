"""The ports that child processes are told."""

from __future__ import annotations

import subprocess
import sys

MANY = 150
GIVE = f"""
import sys
from mlflow_azure.emulator.runtime.listener import free_port
print(*(free_port() for _ in range({MANY})), flush=True)
sys.stdin.read()
"""


def test_no_two_processes_are_given_the_same_port() -> None:
    """Not even one that nothing listens on yet."""
    command = [sys.executable, "-c", GIVE]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
    ):
        ports: list[str] = []
        for process in (one, other):
            assert process.stdout
            ports += process.stdout.readline().split()
    assert len(set(ports)) == len(ports) == 2 * MANY
