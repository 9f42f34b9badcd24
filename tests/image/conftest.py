"""What the tests of the image's parts share: its locked packages, and its server as a process."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.mlflow_server import MlflowServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).parents[2]
STARTUP = CHECKOUT / "docker" / "startup.sh"


@pytest.fixture
def settings(tmp_path: Path, image_bin: Path) -> dict[str, str]:
    """A complete environment for startup.sh, with a file store and artifacts in `tmp_path`."""
    (tmp_path / "tmp").mkdir()
    return {
        "PATH": f"{image_bin}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MLFLOW_SERVER_HOST": "127.0.0.1",
        "MLFLOW_SERVER_PORT": str(free_port()),
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": str(tmp_path / "share" / "mlruns"),
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": str(tmp_path / "artifacts"),
    }


@dataclass
class ServerProcess(MlflowServer):
    """A server started by startup.sh."""

    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


class Start:
    """Starts servers with `startup`, and ends those that a test leaves running."""

    def __init__(self, tmp_path: Path, startup: Path = STARTUP) -> None:
        self._tmp_path = tmp_path
        self._startup = startup
        self._servers: list[ServerProcess] = []

    def __call__(self, environment: Mapping[str, str]) -> ServerProcess:
        """A server that answers."""
        server = self.begin(environment)
        assert server.wait_until_ready(lambda: server.process.poll() is None), server.log.read_text()
        return server

    def begin(self, environment: Mapping[str, str]) -> ServerProcess:
        """A server that may not answer yet."""
        port = int(environment["MLFLOW_SERVER_PORT"])
        file = self._tmp_path / f"server-{port}.log"
        with file.open("w") as log:
            process = subprocess.Popen(["sh", self._startup], env=environment, stdout=log, stderr=log, text=True)
        server = ServerProcess(port, process, file)
        self._servers.append(server)
        return server

    def end(self) -> None:
        for server in self._servers:
            server.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    starter = Start(tmp_path)
    yield starter
    starter.end()


@pytest.fixture
def server(start: Start, settings: dict[str, str]) -> ServerProcess:
    return start(settings)
