"""The schema of MLflow 3's database: made once, and never changed unasked."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.image.conftest import ServerProcess

from .conftest import IDENTITY

if TYPE_CHECKING:
    from tests.image.conftest import Start
    from tests.support.postgres import Postgres
    from tests.support.token_endpoint import TokenEndpoint

pytestmark = pytest.mark.slow

OLDER = Path(__file__).parents[2] / "support" / "older_schema_3.py"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=5"


def three(start: Start, environment: dict[str, str]) -> list[ServerProcess]:
    """Three servers that were started at once, and answer."""
    servers = [start.begin({**environment, "MLFLOW_SERVER_PORT": str(free_port())}) for _ in range(3)]
    for server in servers:
        assert answers(server), server.log.read_text()
    return servers


def answers(server: ServerProcess) -> bool:
    """Whether it does, in the end."""
    return server.wait_until_ready(lambda: server.process.poll() is None)


def older_schema(mlflow_3_bin: Path, uri: str) -> str:
    made = subprocess.run([mlflow_3_bin / "python", OLDER, uri], check=True, capture_output=True, text=True)
    return made.stdout.strip()


def refused(start: Start, environment: dict[str, str]) -> str:
    server = start.begin(environment)
    assert server.process.wait(120) == 3, server.log.read_text()
    said = server.log.read_text()
    assert said.startswith("mlflow: the database")
    assert said.count("\n") == 1
    return said


def test_three_servers_that_start_at_once_on_an_empty_database_all_serve(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    servers = three(start, on_postgres)
    run = servers[0].create_run()
    for server in servers:
        assert server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code == 200
        names = [experiment["name"] for experiment in server.get(SEARCH).json()["experiments"]]
        assert sorted(names) == ["Default", "an experiment"]
    made = sum("Creating initial MLflow database tables" in server.log.read_text() for server in servers)
    assert made == 1
    assert postgres.sql("SELECT count(*) FROM alembic_version", database) == "1"


def test_a_server_waits_for_the_one_that_makes_the_schema(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    with postgres.session(database) as holder:
        holder("SELECT pg_advisory_lock(3141592653)")
        server = start.begin(on_postgres)
        while postgres.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "0":
            assert server.process.poll() is None, server.log.read_text()
            time.sleep(0.05)
        assert postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database) == "0"
    assert answers(server), server.log.read_text()


def test_an_older_schema_is_refused_and_left_as_it_is(
    start: Start, settings: dict[str, str], mlflow_3_bin: Path, tmp_path: Path
) -> None:
    older = older_schema(mlflow_3_bin, settings["MLFLOW_SERVER_DATABASE_URI"])
    said = refused(start, settings)
    assert f"(revision {older}) was made by an older MLflow" in said
    assert "MLFLOW_SERVER_SCHEMA_UPGRADE=true" in said
    assert revision(tmp_path) == older


def test_three_servers_that_are_asked_to_migrate_at_once_all_serve(
    start: Start,
    on_postgres: dict[str, str],
    postgres: Postgres,
    tokens: TokenEndpoint,
    mlflow_3_bin: Path,
    database: str,
) -> None:
    uri = postgres.uri(f"{IDENTITY}:{tokens.token}", database).replace("postgresql:", "postgresql+psycopg2:")
    older = older_schema(mlflow_3_bin, uri)
    servers = three(start, {**on_postgres, "MLFLOW_SERVER_SCHEMA_UPGRADE": "true"})
    assert [server.get(SEARCH).status_code for server in servers] == [200] * 3
    assert postgres.sql("SELECT version_num FROM alembic_version", database) != older
    assert sum("Updating database tables" in server.log.read_text() for server in servers) == 1


def test_a_newer_schema_is_refused_even_where_a_migration_was_asked_for(
    start: Start, settings: dict[str, str], server: ServerProcess, tmp_path: Path
) -> None:
    server.stop()
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'fedcba987654'")
    said = refused(start, {**settings, "MLFLOW_SERVER_SCHEMA_UPGRADE": "true"})
    assert "(revision fedcba987654) was made by a newer MLflow" in said
    assert revision(tmp_path) == "fedcba987654"


def test_a_database_of_something_else_is_refused(start: Start, settings: dict[str, str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE customers (name TEXT)")
    assert "not MLflow's" in refused(start, settings)


def test_a_schema_that_a_server_was_killed_over_is_completed(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    server = start.begin(on_postgres)
    while postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'experiments'", database) == "0":
        assert server.process.poll() is None, server.log.read_text()
    server.process.kill()
    server.process.wait(30)
    assert start(on_postgres).get(SEARCH).json()["experiments"][0]["name"] == "Default"


def test_a_database_that_does_not_answer_ends_it_with_a_sentence(start: Start, settings: dict[str, str]) -> None:
    settings["MLFLOW_SERVER_DATABASE_URI"] = "sqlite:////nowhere/mlflow.db"
    server = start.begin(settings)
    assert server.process.wait(120) == 1
    assert re.fullmatch(r"mlflow: connecting to the database: .*unable to open.*\n", server.log.read_text())


def revision(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
