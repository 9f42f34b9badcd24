"""MLflow's server, started by startup.sh as a process of its own."""

from __future__ import annotations

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.mlflow_client import log_run

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import ServerProcess, Start

pytestmark = pytest.mark.slow


def test_the_mlflow_1_5_0_client_works_end_to_end(server: ServerProcess, image_bin: Path) -> None:
    log_run(image_bin, server.url)


def test_the_page_and_all_its_static_files_are_served(server: ServerProcess) -> None:
    page = server.get("/").text
    files = re.findall(r'(?:src|href)="[./]*(static-files/[^"]+)"', page)
    assert len(files) >= 3
    assert {server.get(f"/{file}").status_code for file in files} == {200}


def test_every_answer_tells_the_image_and_the_time_of_its_app_settings(start: Start, settings: dict[str, str]) -> None:
    server = start(
        {**settings, "MLFLOW_AZURE_IMAGE_DIGEST": "sha256:abc", "MLFLOW_AZURE_KEYS_ROTATED": "2026-11-30T03:00:00"}
    )
    answers = [server.get(path) for path in ("/", "/api/2.0/mlflow/experiments/list", "/not-there")]
    assert [answer.headers["MLflow-Azure-Image"] for answer in answers] == ["sha256:abc"] * 3
    assert [answer.headers["MLflow-Azure-Keys-Rotated"] for answer in answers] == ["2026-11-30T03:00:00"] * 3


def test_requests_are_logged(server: ServerProcess) -> None:
    server.get("/api/2.0/mlflow/experiments/list")
    server.stop()
    assert '"GET /api/2.0/mlflow/experiments/list HTTP/1.1" 200' in server.log.read_text()


def test_terminate_ends_it_with_zero_and_nothing_left(server: ServerProcess) -> None:
    # Browsers open connections ahead of need.
    with socket.create_connection(("127.0.0.1", server.port)):
        assert server.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_running_request_is_finished_before_the_end(server: ServerProcess) -> None:
    body = b'{"name": "slow"}'
    head = f"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + body[:5])
        server.get("/")  # by now the first request has been taken up
        server.process.terminate()
        threading.Timer(0.5, connection.sendall, [body[5:]]).start()
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert server.process.wait(30) == 0


def test_an_existing_empty_directory_gets_the_default_experiment(
    start: Start, settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "share" / "mlruns").mkdir(parents=True)
    experiments = start(settings).get("/api/2.0/mlflow/experiments/list").json()["experiments"]
    assert [(e["experiment_id"], e["name"]) for e in experiments] == [("0", "Default")]


def test_a_restart_keeps_what_was_there(start: Start, settings: dict[str, str]) -> None:
    first = start(settings)
    run = first.create_run()
    first.stop()
    again = start(settings)
    assert again.get("/api/2.0/mlflow/runs/get", params={"run_id": run}).status_code == 200
    assert len(again.get("/api/2.0/mlflow/experiments/list").json()["experiments"]) == 2


def test_experiments_created_at_once_are_all_created(server: ServerProcess) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda n: server.call("experiments/create", {"name": f"number {n}"}), range(8))
    assert {a.json()["experiment_id"] for a in answers} == {str(n) for n in range(1, 9)}


def test_a_database_and_several_workers_serve(start: Start, settings: dict[str, str], tmp_path: Path) -> None:
    settings["MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{tmp_path}/mlflow.db"
    settings["MLFLOW_SERVER_WORKERS"] = "2"
    server = start(settings)
    run = server.create_run()
    for _ in range(4):
        assert server.get("/api/2.0/mlflow/runs/get", params={"run_id": run}).status_code == 200
