"""What the tests of the image's parts share: its locked packages, and its server as a process.

The environment is kept between test runs in the user's cache, one for each lock file.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTEXT = Path(__file__).parents[3] / "docker"
CACHE = Path(os.environ.get("MLFLOW_AZURE_TEST_CACHE", Path.home() / ".cache" / "mlflow-azure-tests"))


@pytest.fixture(scope="session")
def image_bin() -> Path:
    """The `bin` of a virtual environment with the packages of the image."""
    lock = CONTEXT / "requirements.lock"
    environment = CACHE / hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    if not (environment / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        pip = [environment / "bin" / "pip", "install", "--quiet", "--require-hashes", "-r", lock]
        subprocess.run(pip, check=True)
        (environment / "complete").touch()
    return environment / "bin"


@dataclass
class Server:
    """A server started by startup.sh."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.get(self.url(path), timeout=60, **kwargs)

    def call(self, method: str, body: Mapping[str, Any]) -> requests.Response:
        return requests.post(self.url(f"/api/2.0/mlflow/{method}"), json=body, timeout=60)

    def create_run(self, **experiment: str) -> str:
        """The id of a new run in a new experiment."""
        created = self.call("experiments/create", {"name": "an experiment", **experiment}).json()
        run = self.call("runs/create", {"experiment_id": created["experiment_id"], "start_time": 1}).json()
        return run["run"]["info"]["run_id"]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def wait_until_ready(self) -> None:
        while self.process.poll() is None:
            try:
                self.get("/")
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"the server ended with {self.process.returncode}:\n{self.log.read_text()}")


@pytest.fixture
def settings(tmp_path: Path, image_bin: Path) -> dict[str, str]:
    """A complete environment for startup.sh, with a file store and artifacts in `tmp_path`."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (tmp_path / "tmp").mkdir()
    return {
        "PATH": f"{image_bin}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MLFLOW_SERVER_HOST": "127.0.0.1",
        "MLFLOW_SERVER_PORT": str(port),
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": str(tmp_path / "share" / "mlruns"),
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": str(tmp_path / "artifacts"),
    }


class Start:
    """Starts servers, and ends those that a test leaves running."""

    def __init__(self, tmp_path: Path) -> None:
        self._log = tmp_path / "server.log"
        self._servers: list[Server] = []

    def __call__(self, environment: Mapping[str, str]) -> Server:
        with self._log.open("w") as log:
            process = subprocess.Popen(
                ["sh", CONTEXT / "startup.sh"], env=environment, stdout=log, stderr=log, text=True
            )
        server = Server(process, int(environment["MLFLOW_SERVER_PORT"]), self._log)
        self._servers.append(server)
        server.wait_until_ready()
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
def server(start: Start, settings: dict[str, str]) -> Server:
    return start(settings)
