"""Commands with what they took, and what a backup holds."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
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
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow_azure", *arguments, "--cloud", "emulator", "--output", "json"],
            cwd=cli.directory,
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=told,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        answer.seek(0)
        told.seek(0)
        done = Measured(seconds, usage.ru_maxrss / 1024, told.read(), answer.read())
    assert os.waitstatus_to_exitcode(status) == expected, done.told + done.answer
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
