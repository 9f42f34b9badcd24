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
from tests.support.mlflow_client import log_run

if TYPE_CHECKING:
    from tests.support.stored import Stored

METRICS, STEPS, PIECE = 10, 100, 10_000_000
BY_CLIENT = 20
"""Runs that a real client writes. Each takes it seconds, so 10,000 would take it a day."""
_ROOT = Path(__file__).parents[2]
_BIN = _ROOT / ".venv" / "mlflow-1.5.0" / "bin"
_ARTIFACTS = "mlartefacts/0/full-size/artifacts"
_ODD_BLOBS = {
    f"{_ARTIFACTS}/empty": b"",
    f"{_ARTIFACTS}/größe 統計 🚀.txt": b"unicode",
    f"{_ARTIFACTS}/100 %25": b"per cent",
    f"{_ARTIFACTS}/a\nb": b"a line end",
    f"{_ARTIFACTS}/a": b"a file",
    f"{_ARTIFACTS}/a/b": b"beside a file of the name of its folder",
    f"{_ARTIFACTS}/A": b"another case",
    f"{_ARTIFACTS}/twice//slashed": b"no path",
    f"{_ARTIFACTS}/{'long' * 70}": b"longer than a file's name may be",
    f"{_ARTIFACTS}/{'deep/' * 150}end": b"deeper than Windows has it",
}


def fill_runs(stored: Stored, runs: int) -> None:
    """Three experiments: runs by a real 1.5.0 client, copies of them under ids of their own, and a hundred odd ones."""
    store = stored.share / "mlruns"
    script = _ROOT / "tests" / "support" / "fill_store_1_5_0.py"
    by_client = min(BY_CLIENT, runs)
    command: list[str | Path] = [_BIN / "python", script, str(store), str(by_client), str(METRICS), str(STEPS)]
    subprocess.run(command, check=True, capture_output=True)
    root = f"wasbs://mlflow@{stored.account.name}.blob.core.windows.net/mlartefacts"
    for meta in (*store.rglob("meta.yaml"),):
        _replace(meta, str(store), root)  # as if it had asked a server
    experiment = next(path.parent.parent.parent for path in store.glob("*/*/metrics/metric 0"))
    models = [path for path in experiment.iterdir() if (path / "metrics" / "metric 0").exists()]
    for number in range(by_client, runs):
        _copy(models[number % len(models)], number)
    odd = {**odd_runs.movable("0", root), **odd_runs.not_movable("0", root)}
    stored.write_all({f"mlruns/0/{name}": content for name, content in odd.items()})


def _copy(model: Path, number: int) -> None:
    """A run like another, but for its id and one of its params. Some are deleted, and some the children of others."""
    made = model.with_name(uuid.uuid4().hex)
    shutil.copytree(model, made)
    _replace(made / "meta.yaml", model.name, made.name)
    (made / "params" / "param 0").write_text(str(number), encoding="utf-8")
    (made / "tags" / "mlflow.note.content").write_text(f"Größe {number}\n統計 🚀", encoding="utf-8")
    if number % 10 == 0:
        (made / "tags" / "mlflow.parentRunId").write_text(model.name, encoding="utf-8")
    if number % 50 == 0:
        _replace(made / "meta.yaml", "lifecycle_stage: active", "lifecycle_stage: deleted")


def _replace(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def log_with_client(stored: Stored, url: str) -> None:
    """A run with artifacts, and what else a real 1.5.0 client logs through the server."""
    log_run(_BIN, url, AZURE_STORAGE_CONNECTION_STRING=stored.connection)


def fill_artifacts(stored: Stored, megabytes: int) -> None:
    """Artifacts of so many megabytes, those that are there among them."""
    container = stored.container
    there = sum(1 for _ in container.list_blobs())

    def put(number: int) -> None:
        container.upload_blob(f"{_ARTIFACTS}/{number}.bin", os.urandom(PIECE))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(there, megabytes * 1_000_000 // PIECE)))


def fill_odd_artifacts(stored: Stored) -> None:
    """Artifacts whose names are odd."""
    stored.upload(_ODD_BLOBS)
