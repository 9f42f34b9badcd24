"""Searching runs: MLflow 1.5.0's file store, the same behind its image, and MLflow 3's PostgreSQL, with the same runs.

All on local disks; in Azure the file store is on a network share, where it is slower.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.bench.file_store import fill, log_run, served
from tests.bench.measure import Spread, table
from tests.bench.servers import STARTUP_3, of_3, postgres, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mlflow_server import MlflowServer
    from tests.support.postgres import Postgres

RUNS = (1_000, 10_000)
PAGE = 100
PATIENCE = 300.0
"""Seconds after which a search is given up."""
_LOSS = "CASE key WHEN 'loss' THEN number / 7.0 ELSE value END"
_TABLES = {"runs": "value", "metrics": _LOSS, "latest_metrics": _LOSS, "params": "value", "tags": "value"}
"""What a run is made of, and what the copies have as a value."""
FIRST = {"experiment_ids": ["0"], "filter": "metrics.loss >= 0", "max_results": PAGE, "order_by": ["metrics.loss"]}


def measure(rounds: int) -> Iterator[str]:
    """Seconds of a search for the first hundred by a metric, and the ratios to PostgreSQL."""
    rows = [_row(runs, rounds) for runs in RUNS]
    head = [
        "runs",
        "1.5.0's file store, s",
        "the image's, s",
        "PostgreSQL, s",
        "1.5.0's : PostgreSQL",
        "the image's : PostgreSQL",
    ]
    yield table(head, rows)


def _row(runs: int, rounds: int) -> list[object]:
    with tempfile.TemporaryDirectory() as path, postgres() as database_server:
        directory = Path(path)
        store, database = directory / "mlruns", database_server.database("mlflow")
        with (
            served(store, "mlflow_app:app") as image,
            serving(STARTUP_3, of_3(directory, database_server, database)) as (three, _),
        ):
            fill(store, image, runs)
            _fill_database(database_server, database, three, runs)
            _seconds(three)  # SQLAlchemy compiles each statement once; what a file store takes is the files
            ours, new = (
                Spread.of(_seconds(image) for _ in range(rounds)),
                Spread.of(_seconds(three) for _ in range(rounds)),
            )
        with served(store, "mlflow.server:app") as original:
            old = _seconds(original)
    bound = "more than " if old >= PATIENCE else ""
    ratio = Spread.of(old / each for each in new.figures)
    return [f"{runs:,}", f"{bound}{old:.0f}", ours, new, f"{bound}{ratio}", ours / new]


def _seconds(server: MlflowServer) -> float:
    """How long a search takes; PATIENCE where it takes longer than that."""
    began = time.perf_counter()
    try:
        answer = server.call("runs/search", FIRST, timeout=PATIENCE)
    except requests.Timeout:
        return PATIENCE
    seconds = time.perf_counter() - began
    assert len(answer.json()["runs"]) == PAGE, answer.text[:500]
    return seconds


def _fill_database(server: Postgres, database: str, mlflow: MlflowServer, runs: int) -> None:
    """Log one run, as the file store's, through the server, and make the rest as its copies."""
    run = log_run(mlflow)
    for name, value in _TABLES.items():
        columns = server.sql(
            "SELECT string_agg(quote_ident(column_name), ',') FROM information_schema.columns "
            f"WHERE table_name = '{name}'",
            database,
        )
        copied = columns.replace("run_uuid", "md5(number::text)").replace("value", value)
        source = f"{name}, generate_series(1, {runs - 1}) AS number WHERE run_uuid = '{run}'"
        server.sql(f"INSERT INTO {name} ({columns}) SELECT {copied} FROM {source}", database)
    server.sql("ANALYZE", database)
