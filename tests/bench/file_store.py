"""Searching the runs of a file store: the image's server beside MLflow 1.5.0's own, on the same directory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import in_turn, table
from tests.support.mlflow_server import MlflowServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).parents[2]
IMAGE_BIN = CHECKOUT / ".venv" / "mlflow-1.5.0" / "bin"
RUNS = (100, 1000)
ORIGINAL, IMAGE = "MLflow 1.5.0", "the image"


def measure(rounds: int) -> Iterator[str]:
    """Seconds of a search that returns all runs, and the ratio."""
    rows = []
    for runs in RUNS:
        with tempfile.TemporaryDirectory() as directory:
            store = Path(directory) / "mlruns"
            with served(store, "mlflow_app:app") as image, served(store, "mlflow.server:app") as original:
                fill(store, image, runs)
                found = in_turn({ORIGINAL: _searching(original, runs), IMAGE: _searching(image, runs)}, rounds)
        rows.append([f"{runs:,}", found[ORIGINAL], found[IMAGE], found[ORIGINAL] / found[IMAGE]])
    yield table(["runs", f"{ORIGINAL}, s", f"{IMAGE}, s", "times as fast"], rows)


def _searching(server: MlflowServer, runs: int) -> Callable[[], float]:
    body = {"experiment_ids": ["0"], "filter": "metrics.loss >= 0", "max_results": runs, "order_by": ["metrics.loss"]}

    def search() -> float:
        began = time.perf_counter()
        answer = server.call("runs/search", body, timeout=600)
        seconds = time.perf_counter() - began
        assert len(answer.json()["runs"]) == runs, answer.text[:500]
        return seconds

    return search


def fill(store: Path, server: MlflowServer, runs: int) -> None:
    """Log one run through the server, and make the rest as its copies."""
    run = log_run(server)
    for number in range(1, runs):
        other = uuid.uuid4().hex
        shutil.copytree(store / "0" / run, store / "0" / other)
        meta = store / "0" / other / "meta.yaml"
        meta.write_text(meta.read_text(encoding="utf-8").replace(run, other), encoding="utf-8")
        (store / "0" / other / "metrics" / "loss").write_text(f"1 {number / 7} 0\n", encoding="utf-8")


def log_run(server: MlflowServer) -> str:
    """A run with two metrics, params and tags; its id."""
    run = str(server.call("runs/create", {"experiment_id": "0", "start_time": 1}).json()["run"]["info"]["run_id"])
    metrics = [{"key": key, "value": 0.5, "timestamp": 1, "step": 0} for key in ("loss", "accuracy")]
    pairs = [{"key": key, "value": "some value"} for key in ("first", "second")]
    server.call("runs/log-batch", {"run_id": run, "metrics": metrics, "params": pairs, "tags": pairs})
    return run


@contextmanager
def served(store: Path, application: str) -> Iterator[MlflowServer]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    names = ("MLFLOW_SERVER_FILE_STORE", "_MLFLOW_SERVER_FILE_STORE")
    roots = ("MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT", "_MLFLOW_SERVER_ARTIFACT_ROOT")
    environ = {**os.environ, **dict.fromkeys(names, str(store)), **dict.fromkeys(roots, "/artifacts")}
    options = ("--bind", f"127.0.0.1:{port}", "--timeout", "600", "--pythonpath", str(CHECKOUT / "docker"))
    process = subprocess.Popen(
        [IMAGE_BIN / "gunicorn", *options, application],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = MlflowServer(port)
    try:
        assert server.wait_until_ready(lambda: process.poll() is None), f"{application} ended"
        yield server
    finally:
        process.terminate()
        process.wait()
