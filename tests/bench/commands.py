"""Commands with what they took, and what a backup holds."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command

_WATCHED = """
import os, sys
process = os.posix_spawn(sys.executable, [sys.executable, "-m", "mlflow_azure", *sys.argv[1:]], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command, and says at the end how much memory it had. Linux counts what a process was forked from as its own
memory, so a small one has to start it: https://man7.org/linux/man-pages/man2/getrusage.2.html
"""


@dataclass(frozen=True)
class Measured:
    """A command: how long it took, the most memory that it had (MB), what it told, and what it answered."""

    seconds: float
    memory: float
    told: str
    answer: str

    def seconds_of(self, kind: str) -> float:
        """How long the copy of a part took."""
        found = re.search(rf"^{kind} .* copied in ([0-9.]+) (s|min)(?: ([0-9]+) s)?", self.told, re.MULTILINE)
        assert found, self.told
        first = float(found[1])
        return first if found[2] == "s" else 60 * first + float(found[3] or 0)


def measured(cli: Command, *arguments: str, expected: int = 0) -> Measured:
    """Run a command in the emulator, which has to end with the `expected` exit code."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as told:
        ended = subprocess.run(
            [sys.executable, "-c", _WATCHED, *arguments, "--cloud", "emulator", "--output", "json"],
            cwd=cli.directory,
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=told,
            check=False,
        )
        seconds = time.monotonic() - began
        answer.seek(0)
        told.seek(0)
        *lines, memory = told.read().splitlines()
        done = Measured(seconds, int(memory) / 1024, "\n".join(lines), answer.read())
    assert ended.returncode == expected, done.told + done.answer
    print(f"- {' '.join(arguments[:2])}: {seconds:.1f} s, {done.memory:.0f} MB", flush=True)
    return done


def held(backup: Path) -> dict[str, str]:
    """What a backup holds: a hash by name; of a table one that does not depend on the order of its rows."""
    found = {}
    for line in (backup / "files.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["name"].endswith(".copy.gz"):
            with gzip.open(backup / entry["file"], "rb") as rows:
                total = sum(int.from_bytes(hashlib.sha256(row).digest()) for row in rows)
            found[entry["name"]] = f"{total % (1 << 256):x}"
        elif entry["part"] != "database":
            found[f"{entry['part']}/{entry['name']}"] = entry.get("sha256", "")
    return found
