"""What the tests of MLflow 3's image share: its locked packages, its server as a process, and a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.image.conftest import CHECKOUT, Start
from tests.support.postgres import Postgres
from tests.support.token_endpoint import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.image.conftest import ServerProcess

STARTUP = CHECKOUT / "docker" / "mlflow3" / "startup.sh"
IDENTITY = "mlflow-identity"


def environment(directory: Path, mlflow_3_bin: Path) -> dict[str, str]:
    """A complete environment for startup.sh, with an empty sqlite database and artifacts in `directory`."""
    (directory / "tmp").mkdir()
    return {
        "PATH": f"{mlflow_3_bin}:{os.environ['PATH']}",
        "TMPDIR": str(directory / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MLFLOW_SERVER_HOST": "127.0.0.1",
        "MLFLOW_SERVER_PORT": str(free_port()),
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_DATABASE_URI": f"sqlite:///{directory}/mlflow.db",
        "MLFLOW_SERVER_ARTIFACT_DESTINATION": str(directory / "artifacts"),
    }


@pytest.fixture
def settings(tmp_path: Path, mlflow_3_bin: Path) -> dict[str, str]:
    return environment(tmp_path, mlflow_3_bin)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    starter = Start(tmp_path, STARTUP)
    yield starter
    starter.end()


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory, mlflow_3_bin: Path) -> Path:
    """An sqlite database with a schema, which takes a server seconds to make."""
    made = tmp_path_factory.mktemp("made") / "mlflow.db"
    code = f"from mlflow3_app import schema; schema.prepare('sqlite:///{made}', upgrade=False)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(STARTUP.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([mlflow_3_bin / "python", "-c", code], env=environment, check=True)
    return made


@pytest.fixture
def server(start: Start, settings: dict[str, str], made_database: Path, tmp_path: Path) -> ServerProcess:
    """A server that answers, on a database that was there."""
    shutil.copy(made_database, tmp_path / "mlflow.db")
    return start(settings)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    running = Postgres()
    running.start()
    running.sql(f'CREATE ROLE "{IDENTITY}" LOGIN')
    yield running
    running.stop()


@pytest.fixture
def tokens() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def database(postgres: Postgres) -> str:
    """An empty database of PostgreSQL."""
    return postgres.database(IDENTITY)


@pytest.fixture
def on_postgres(settings: dict[str, str], postgres: Postgres, tokens: TokenEndpoint, database: str) -> dict[str, str]:
    """A complete environment for startup.sh, with that database, which takes the token of the site's identity."""
    settings["MLFLOW_SERVER_DATABASE_URI"] = postgres.uri(IDENTITY, database)
    postgres.set_password(IDENTITY, tokens.token)
    return {**settings, **tokens.environment, "SSL_CERT_FILE": str(postgres.ca)}
