"""The servers of both images as processes, as their startup.sh starts them."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.support.mlflow_server import MlflowServer
from tests.support.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
Command = list[str | Path]
STARTUP_1_5_0: Command = ["sh", CHECKOUT / "docker" / "startup.sh"]
STARTUP_3: Command = ["sh", CHECKOUT / "docker" / "mlflow3" / "startup.sh"]
ORIGINAL_1_5_0: Command = ["sh", "-c"]
ORIGINAL_1_5_0.append(
    'mlflow server --host "$MLFLOW_SERVER_HOST" --port "$MLFLOW_SERVER_PORT" --workers 1 '
    '--backend-store-uri "$MLFLOW_SERVER_FILE_STORE" --default-artifact-root "$MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"'
)
BIN_1_5_0, BIN_3 = (CHECKOUT / ".venv" / name / "bin" for name in ("mlflow-1.5.0", "mlflow-3"))
USER, PASSWORD = "mlflow", "only in this test"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, with a role for MLflow."""
    running = Postgres()
    running.start()
    try:
        running.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        yield running
    finally:
        running.stop()


def of_1_5_0(directory: Path, workers: int = 1) -> dict[str, str]:
    """The settings of a server of the default image, with its file store in `directory`."""
    own = {
        "MLFLOW_SERVER_FILE_STORE": str(directory / "mlruns"),
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": str(directory / "artifacts"),
    }
    return {**_common(BIN_1_5_0, directory, workers), **own}


def of_3(directory: Path, server: Postgres, database: str, workers: int = 1) -> dict[str, str]:
    """The settings of a server of MLflow 3 on a database."""
    host = f"127.0.0.1:{server.port}"
    own = {
        "MLFLOW_SERVER_DATABASE_URI": f"postgresql://{USER}:{PASSWORD.replace(' ', '%20')}@{host}/{database}",
        "MLFLOW_SERVER_ARTIFACT_DESTINATION": str(directory / "artifacts"),
        "SSL_CERT_FILE": str(server.ca),
    }
    return {**_common(BIN_3, directory, workers), **own}


def _common(binaries: Path, directory: Path, workers: int) -> dict[str, str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    return {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPYCACHEPREFIX": str(directory / "bytecode"),  # the images have theirs
        "MLFLOW_SERVER_HOST": "127.0.0.1",
        "MLFLOW_SERVER_PORT": str(port),
        "MLFLOW_SERVER_WORKERS": str(workers),
    }


@contextmanager
def serving(startup: Command, settings: dict[str, str]) -> Iterator[tuple[MlflowServer, psutil.Process]]:
    """A server that answers, and its first process."""
    process = subprocess.Popen(startup, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = MlflowServer(int(settings["MLFLOW_SERVER_PORT"]))
    try:
        assert server.wait_until_ready(lambda: process.poll() is None), f"{startup} ended"
        yield server, psutil.Process(process.pid)
    finally:
        first = psutil.Process(process.pid)
        for each in (first, *first.children(recursive=True)):  # 1.5.0's own server leaves a shell that hands nothing on
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        process.wait()
