"""A deployment of MLflow 1.5.0 that is filled to full size: runs, and artifacts."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import odd_runs

if TYPE_CHECKING:
    from tests.support.stored import Stored

METRICS, STEPS, PIECE = 10, 100, 10_000_000
BY_CLIENT = 2
"""Runs that the client writes. It reads a run anew for each of its points, so 10,000 would take it a day."""
_ROOT = Path(__file__).parents[2]


def fill_runs(stored: Stored, runs: int) -> None:
    """Three experiments: runs by a real 1.5.0 client, copies of them under ids of their own, and a hundred odd ones."""
    python = _ROOT / ".venv" / "mlflow-1.5.0" / "bin" / "python"
    script = _ROOT / "tests" / "support" / "fill_store_1_5_0.py"
    store = stored.share / "mlruns"
    command: list[str | Path] = [python, script, str(store), str(BY_CLIENT), str(METRICS), str(STEPS)]
    subprocess.run(command, check=True, capture_output=True)
    experiment = next(path.parent.parent.parent for path in store.glob("*/*/metrics/metric 0"))
    models = [path for path in experiment.iterdir() if (path / "metrics" / "metric 0").exists()]
    for number in range(BY_CLIENT, runs):
        _copy(models[number % len(models)], number)
    root = f"wasbs://mlflow@{stored.account.name}.blob.core.windows.net/mlartefacts"
    odd = {**odd_runs.movable("0", root), **odd_runs.not_movable("0", root)}
    stored.write_all({f"mlruns/0/{name}": content for name, content in odd.items()})


def _copy(model: Path, number: int) -> None:
    """A run like another, but for its id and one of its params."""
    made = model.with_name(uuid.uuid4().hex)
    shutil.copytree(model, made)
    meta = (made / "meta.yaml").read_text(encoding="utf-8")
    (made / "meta.yaml").write_text(meta.replace(model.name, made.name), encoding="utf-8")
    (made / "params" / "param 0").write_text(str(number), encoding="utf-8")


def fill_artifacts(stored: Stored, megabytes: int) -> None:
    """Artifacts of so many megabytes, those that are there among them."""
    container = stored.container
    there = sum(1 for _ in container.list_blobs())

    def put(number: int) -> None:
        container.upload_blob(f"mlartefacts/0/full-size/artifacts/{number}.bin", os.urandom(PIECE))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(there, megabytes * 1_000_000 // PIECE)))
