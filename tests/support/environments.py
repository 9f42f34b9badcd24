"""The environments of packages that the Makefile keeps."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def environment(name: str) -> Path:
    """The `bin` of an environment, made where it is not there: by one process of the tests, while the others wait."""
    with (CHECKOUT / ".venv" / "making").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "--silent", f".venv/{name}/ready"], cwd=CHECKOUT, check=True)
    return CHECKOUT / ".venv" / name / "bin"
