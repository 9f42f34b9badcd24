"""The MLflow 1.5.0 client, in the environment of its own that it needs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def log_run(image_bin: Path, url: str, **environ: str) -> str:
    """Log a run to the server at `url` and read all of it back; its id. Fails where something is missing or wrong."""
    return _run(image_bin, "log_run_1_5_0.py", url, environ).strip()


def read_store(image_bin: Path, uri: str, **environ: str) -> dict[str, Any]:
    """All that a server or file store holds: [name, lifecycle stage, runs by id] by experiment."""
    return json.loads(_run(image_bin, "read_store_1_5_0.py", uri, environ))


def _run(image_bin: Path, script: str, argument: str, environ: dict[str, str]) -> str:
    done = subprocess.run(
        [image_bin / "python", Path(__file__).with_name(script), argument],
        env={"PATH": str(image_bin), **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
