"""backup and restore of a running MLflow 1.5.0 server, seen by its client; and backups opened by plain MLflow."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.command import isolated
from tests.support.deployment import deployed
from tests.support.mlflow_client import log_run, read_store
from tests.support.mlflow_rest import log_a_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command
    from tests.support.deployment import Deployment

pytestmark = pytest.mark.slow

OLD = Path(__file__).parent / "backups" / "format-1"
OLD_RUN = "a5fc4628c80f47ffaa26c4e6d40a249d"


def api(server: str, path: str, **body: Any) -> Any:
    answer = requests.post(f"{server}/api/2.0/mlflow/{path}", json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("backup"))) as deployment:
        yield deployment


def logged(deployment: Deployment, image_bin: Path) -> str:
    """What a client logs, among it a deleted run and a deleted experiment; the account's connection string."""
    connection = deployment.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
    log_run(image_bin, deployment.url, AZURE_STORAGE_CONNECTION_STRING=connection)
    gone, _ = log_a_run(deployment.url)
    api(deployment.url, "runs/delete", run_id=gone)
    kept, _ = log_a_run(deployment.url)
    api(deployment.url, "runs/set-tag", run_id=kept, key="mlflow.note.content", value="Größe\n統計")
    api(deployment.url, "runs/log-metric", run_id=kept, key="a/b c", value="NaN", timestamp=2, step=3)
    experiment = api(deployment.url, "experiments/create", name="to be deleted")["experiment_id"]
    api(deployment.url, "experiments/delete", experiment_id=experiment)
    return connection


@pytest.fixture(scope="module")
def backup(
    deployment: Deployment, image_bin: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """A backup that was made while a client went on logging, and what the server held before."""
    connection = logged(deployment, image_bin)
    before = read_store(image_bin, deployment.url, AZURE_STORAGE_CONNECTION_STRING=connection)
    over = threading.Event()

    def go_on_logging() -> None:
        while not over.is_set():
            log_a_run(deployment.url)

    client = threading.Thread(target=go_on_logging)
    client.start()
    try:
        directory = tmp_path_factory.mktemp("backups") / "b"
        assert deployment("backup", str(directory)).exit_code == 0
    finally:
        over.set()
        client.join()
    return directory, before


def without_the_newer(found: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What was found, without the runs that came while the backup was made."""
    return {
        number: [name, stage, {run: runs[run] for run in runs if run in known[number][2]}]
        for number, (name, stage, runs) in found.items()
    }


def test_a_backup_is_opened_by_plain_mlflow_on_this_machine(
    backup: tuple[Path, dict[str, Any]], image_bin: Path, tmp_path: Path, cli: Command
) -> None:
    directory, before = backup
    told = cli("restore", str(directory), "--local", str(tmp_path / "my runs"))
    assert told.exit_code == 0, told.stderr
    store = tmp_path / "my runs/mlruns"
    assert f"mlflow ui --backend-store-uri '{store}'" in told.stdout
    assert without_the_newer(read_store(image_bin, str(store)), before) == before


def test_the_pages_of_plain_mlflow_show_a_backup_of_the_first_format(
    image_bin: Path, tmp_path: Path, cli: Command
) -> None:
    assert cli("backup", "--verify", str(OLD)).exit_code == 0
    assert cli("restore", str(OLD), "--local", str(tmp_path / "out")).exit_code == 0
    found = read_store(image_bin, str(tmp_path / "out/mlruns"))
    assert [(name, stage, len(runs)) for name, stage, runs in found.values()] == [
        ("Default", "active", 2), ("renamed", "active", 1), ("to be deleted", "deleted", 0)
    ]  # fmt: skip
    assert found["1"][2][OLD_RUN]["params"] == {"alpha": "0.5", "beta": "1", "path": "../data/train.csv"}
    port = free_port()
    server = subprocess.Popen(
        [image_bin / "mlflow", "ui", "--backend-store-uri", tmp_path / "out/mlruns", "--port", str(port)],
        env={"PATH": str(image_bin), "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
        start_new_session=True,
    )
    try:
        while True:
            try:
                page = requests.get(
                    f"http://127.0.0.1:{port}/get-artifact",
                    params={"run_uuid": OLD_RUN, "path": "all/sub/notes.txt"},
                    timeout=60,
                )
                break
            except requests.ConnectionError:
                assert server.poll() is None
                time.sleep(0.1)
        assert (page.status_code, page.text) == (200, "notes")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def test_a_server_that_was_destroyed_comes_back_with_every_run_and_artifact(
    deployment: Deployment, backup: tuple[Path, dict[str, Any]], image_bin: Path
) -> None:
    directory, before = backup
    assert deployment("destroy", "--yes").exit_code == 0
    url = deployment.json("deploy").data["url"]
    connection = deployment.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
    assert deployment("restore", str(directory), "--stop-server").exit_code == 0
    after = read_store(image_bin, url, AZURE_STORAGE_CONNECTION_STRING=connection)
    assert without_the_newer(after, before) == before
    run, address = log_a_run(url)
    assert "mlartefacts" in address
    assert run not in after["0"][2]


def test_a_backup_with_the_server_stopped_starts_it_again(deployment: Deployment, tmp_path: Path) -> None:
    deployment.emulator.forget_requests()
    assert deployment("backup", str(tmp_path / "b"), "--stop-server").exit_code == 0
    asked = [each["path"].rpartition("/")[2] for each in deployment.emulator.requests if each["method"] == "POST"]
    assert [each for each in asked if each in {"stop", "start"}] == ["stop", "start"]
    assert log_a_run(deployment.url)
