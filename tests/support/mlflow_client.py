"""The MLflow 1.5.0 client, in the environment of its own that it needs."""

from __future__ import annotations

import subprocess
from pathlib import Path


def log_run(image_bin: Path, url: str, **environ: str) -> str:
    """Log a run to the server at `url` and read all of it back; its id. Fails where something is missing or wrong."""
    done = subprocess.run(
        [image_bin / "python", Path(__file__).with_name("log_run_1_5_0.py"), url],
        env={"PATH": str(image_bin), **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
