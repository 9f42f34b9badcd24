"""MLflow 3's server, started by startup.sh as a process of its own."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from typing import TYPE_CHECKING

import psutil
import pytest
import requests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.conftest import ServerProcess, Start

pytestmark = pytest.mark.slow

SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
SITE = "mlflow-1234.azurewebsites.net"
MEGABYTES = 1_000_000


@pytest.fixture
def settings(settings: dict[str, str], made_database: Path, tmp_path: Path) -> dict[str, str]:
    """With a database that was there."""
    shutil.copy(made_database, tmp_path / "mlflow.db")
    return settings


@pytest.fixture
def site(start: Start, settings: dict[str, str]) -> ServerProcess:
    """A server that is told the name of its site."""
    return start({**settings, "MLFLOW_SERVER_ALLOWED_HOSTS": SITE})


def test_the_page_and_all_its_static_files_are_served(server: ServerProcess) -> None:
    page = server.get("/").text
    files = re.findall(r'(?:src|href)="[./]*(static-files/[^"]+)"', page)
    assert len(files) >= 2
    assert {server.get(f"/{file}").status_code for file in files} == {200}


def test_every_answer_tells_the_image_and_the_time_of_its_app_settings(start: Start, settings: dict[str, str]) -> None:
    settings["MLFLOW_SERVER_ALLOWED_HOSTS"] = SITE
    server = start(
        {**settings, "MLFLOW_AZURE_IMAGE_DIGEST": "sha256:abc", "MLFLOW_AZURE_KEYS_ROTATED": "2026-11-30T03:00:00"}
    )
    answers = [server.get(path) for path in ("/", "/health", "/version", SEARCH, "/not-there")]
    answers.append(server.get("/", headers={"Host": "elsewhere.example.com"}))
    assert [answer.headers["MLflow-Azure-Image"] for answer in answers] == ["sha256:abc"] * 6
    assert [answer.headers["MLflow-Azure-Keys-Rotated"] for answer in answers] == ["2026-11-30T03:00:00"] * 6


def test_the_health_check_answers_under_any_name_to_get_and_head(site: ServerProcess) -> None:
    for host in (SITE, "169.254.130.2:5000", "elsewhere.example.com"):
        for method in ("GET", "HEAD"):
            answer = requests.request(method, f"{site.url}/health", headers={"Host": host}, timeout=60)
            assert answer.status_code == 200


def test_it_answers_under_its_own_names_only(site: ServerProcess) -> None:
    for host in (SITE, f"localhost:{site.port}", f"127.0.0.1:{site.port}"):
        assert site.get(SEARCH, headers={"Host": host}).status_code == 200
    for host in ("elsewhere.example.com", f"{SITE}.example.com", "169.254.130.2"):
        assert site.get(SEARCH, headers={"Host": host}).status_code == 403


def test_its_own_page_may_write_and_no_other(site: ServerProcess) -> None:
    def create(name: str, origin: str) -> int:
        url = f"{site.url}/ajax-api/2.0/mlflow/experiments/create"
        headers = {"Host": SITE, "Origin": origin}
        return requests.post(url, json={"name": name}, headers=headers, timeout=60).status_code

    assert create("own", f"https://{SITE}") == 200
    assert create("other", "https://elsewhere.example.com") == 403
    assert create("plain", f"http://{SITE}") == 403


def test_terminate_ends_it_and_leaves_nothing(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):  # browsers open connections ahead of need
        server.stop()
    assert "Finished server process" in server.log.read_text()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_terminate_ends_two_workers_with_zero(start: Start, settings: dict[str, str]) -> None:
    server = start({**settings, "MLFLOW_SERVER_WORKERS": "2"})
    workers = psutil.Process(server.process.pid).children(recursive=True)
    assert server.stop() == 0
    assert psutil.wait_procs(workers, timeout=60)[1] == []


def test_a_running_request_is_finished_before_the_end(server: ServerProcess) -> None:
    body = b'{"name": "slow"}'
    head = (
        "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Host: 127.0.0.1:{server.port}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + body[:5])
        server.get("/")  # by now the first request has been taken up
        server.process.terminate()
        threading.Timer(0.5, connection.sendall, [body[5:]]).start()
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    server.process.wait(30)


def test_an_upload_that_never_ends_does_not_hold_the_end(server: ServerProcess) -> None:
    head = (
        "PUT /api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/file HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.port}\r\nContent-Length: 1000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b"x" * 1000)
        server.get("/")
        server.process.terminate()
        server.process.wait(60)


def test_a_restart_keeps_what_was_there(start: Start, settings: dict[str, str]) -> None:
    first = start(settings)
    run = first.create_run()
    first.stop()
    assert start(settings).get("/api/2.0/mlflow/runs/get", params={"run_id": run}).status_code == 200


def test_artifacts_go_through_the_server_and_nothing_else_is_kept(server: ServerProcess, tmp_path: Path) -> None:
    run = server.create_run()
    uri = server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").json()["run"]["info"]["artifact_uri"]
    assert uri.startswith("mlflow-artifacts:/")
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts{uri.removeprefix('mlflow-artifacts:')}/model.txt"
    assert requests.put(url, data=b"a model", timeout=60).status_code == 200
    assert requests.get(url, timeout=60).content == b"a model"
    assert server.get("/get-artifact", params={"run_uuid": run, "path": "model.txt"}).content == b"a model"
    assert [file.name for file in (tmp_path / "artifacts").rglob("*") if file.is_file()] == ["model.txt"]
    assert not list((tmp_path / "tmp").rglob("model.txt"))


def test_it_sends_no_telemetry_and_starts_no_jobs(server: ServerProcess) -> None:
    assert server.get("/ajax-api/3.0/mlflow/ui-telemetry").json()["disable_ui_telemetry"] is True
    assert psutil.Process(server.process.pid).children() == []


def test_what_a_server_seldom_needs_is_not_loaded_before_it_answers(server: ServerProcess) -> None:
    libraries = [each.path for each in psutil.Process(server.process.pid).memory_maps()]
    loaded = [name for name in ("numpy", "pandas", "aiohttp") if any(f"/{name}/" in path for path in libraries)]
    assert loaded == ["numpy"]


@pytest.mark.parametrize(("workers", "megabytes"), [(1, 250), (2, 450)])
def test_its_memory_fits_the_plan(start: Start, settings: dict[str, str], workers: int, megabytes: int) -> None:
    server = start({**settings, "MLFLOW_SERVER_WORKERS": str(workers)})
    for _ in range(20):  # each worker has opened its stores by then
        assert server.get(SEARCH).status_code == 200
    process = psutil.Process(server.process.pid)
    used = sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True)))
    assert used < megabytes * MEGABYTES
