"""How MLflow 3's server signs in to PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import psutil
import pytest
import trustme

from .conftest import IDENTITY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.conftest import ServerProcess, Start
    from tests.support.postgres import Postgres
    from tests.support.token_endpoint import TokenEndpoint

pytestmark = pytest.mark.slow

SCOPE = "https://ossrdbms-aad.database.windows.net"


def in_database(name: str) -> str:
    return f"WHERE backend_type = 'client backend' AND datname = '{name}'"


def with_password(postgres: Postgres, database: str) -> str:
    postgres.set_password(IDENTITY, "c2VjcmV0")
    return postgres.uri(f"{IDENTITY}:c2VjcmV0", database)


def test_each_connection_has_a_token_of_its_own_over_tls(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, tokens: TokenEndpoint, database: str
) -> None:
    server = start(on_postgres)
    run = server.create_run()
    before = len(tokens.asked)
    assert set(tokens.asked) == {SCOPE}
    encrypted = f"SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) {in_database(database)}"
    assert postgres.sql(encrypted) == "t"
    # Azure ends connections, too; and the token before is no longer good.
    tokens.token = "the next token"
    postgres.set_password(IDENTITY, tokens.token)
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {in_database(database)}")
    assert server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code == 200
    assert len(tokens.asked) > before


def test_another_cloud_has_another_scope(start: Start, on_postgres: dict[str, str], tokens: TokenEndpoint) -> None:
    on_postgres["MLFLOW_SERVER_POSTGRES_SCOPE"] = "https://ossrdbms-aad.database.chinacloudapi.cn/.default"
    start(on_postgres)
    assert set(tokens.asked) == {"https://ossrdbms-aad.database.chinacloudapi.cn"}


def test_a_password_in_the_uri_is_used_and_no_token_asked_for(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, tokens: TokenEndpoint, database: str
) -> None:
    on_postgres["MLFLOW_SERVER_DATABASE_URI"] = with_password(postgres, database)
    server = start(on_postgres)
    server.create_run()
    assert tokens.asked == []
    server.stop()
    assert "c2VjcmV0" not in server.log.read_text()


def test_the_database_says_when_it_is_reached_without_tls(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    on_postgres["MLFLOW_SERVER_DATABASE_URI"] = f"{with_password(postgres, database)}?sslmode=disable"
    said = fails(start, on_postgres)
    assert "no encryption" in said
    assert "c2VjcmV0" not in said


def test_a_database_with_another_certificate_gets_no_token(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    assert "certificate verify failed" in fails(start, {**on_postgres, "SSL_CERT_FILE": str(other)})


def test_all_workers_together_hold_no_more_connections_than_they_may(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    server = start({**on_postgres, "MLFLOW_SERVER_WORKERS": "2", "MLFLOW_SERVER_DATABASE_CONNECTIONS": "8"})
    run = server.create_run()
    ended = Event()

    def count() -> int:
        found = 0
        while not ended.is_set():
            found = max(found, int(postgres.sql(f"SELECT count(*) FROM pg_stat_activity {in_database(database)}")))
        return found

    with ThreadPoolExecutor(33) as pool:
        counted = pool.submit(count)
        try:
            answers = pool.map(lambda _: server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code, range(320))
            assert set(answers) == {200}
        finally:
            ended.set()
        assert 2 <= counted.result() <= 8


def test_many_clients_at_once_get_along_with_the_fewest_connections(
    start: Start, on_postgres: dict[str, str], postgres: Postgres, database: str
) -> None:
    server = start({**on_postgres, "MLFLOW_SERVER_DATABASE_CONNECTIONS": "4"})
    run = server.create_run()

    def log(step: int) -> int:  # it holds one connection while it asks for another
        metric = {"key": "loss", "value": 0.5, "timestamp": 1, "step": step}
        return server.call("runs/log-batch", {"run_id": run, "metrics": [metric]}).status_code

    with ThreadPoolExecutor(12) as pool:
        with postgres.session(database) as holder:
            holder("BEGIN; LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
            answers = pool.map(log, range(12))
            while len(connected(server)) < 12 or postgres.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0":
                assert server.process.poll() is None
        assert set(answers) == {200}


def connected(server: ServerProcess) -> list[object]:
    """The connections of clients to a server."""
    found = psutil.Process(server.process.pid).net_connections("tcp4")
    return [each for each in found if each.status == "ESTABLISHED" and each.laddr.port == server.port]


def fails(start: Start, environment: dict[str, str]) -> str:
    server = start.begin(environment)
    assert server.process.wait(180) == 1
    said = server.log.read_text()
    assert said.startswith("mlflow: connecting to the database: ")
    assert said.count("\n") == 1
    return said
