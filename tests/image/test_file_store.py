"""The image's file store answers as MLflow 1.5.0's own does, which runs beside it on the same directory."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.mlflow_server import MlflowServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import ServerProcess, Start

pytestmark = pytest.mark.slow

DOCKER = Path(__file__).parents[2] / "docker"
SEARCHES: list[dict[str, Any]] = [
    {},
    {"filter": "metrics.loss < 3"},
    {"filter": "metrics.loss >= 3 and params.model = 'forest'"},
    {"filter": "params.model != 'forest'"},
    {"filter": "tags.`mlflow.runName` = 'run 2: größer 🌲'"},
    {"filter": "attribute.status = 'FINISHED'"},
    {"filter": "nothing.loss < 3"},
    {"order_by": ["metrics.loss DESC"]},
    {"order_by": ["params.model", "attribute.start_time ASC"]},
    {"run_view_type": "DELETED_ONLY"},
    {"run_view_type": "ALL", "order_by": ["tags.`mlflow.runName`"]},
    {"max_results": 2},
    {"max_results": 60000},
]


@pytest.fixture
def original(settings: dict[str, str], image_bin: Path, server: ServerProcess) -> Iterator[MlflowServer]:
    """MLflow's own application, without a line of the image's, on the directory of `server`."""
    port = free_port()
    environment = {
        **settings,
        "_MLFLOW_SERVER_FILE_STORE": settings["MLFLOW_SERVER_FILE_STORE"],
        "_MLFLOW_SERVER_ARTIFACT_ROOT": settings["MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"],
    }
    process = subprocess.Popen(
        [image_bin / "gunicorn", "--bind", f"127.0.0.1:{port}", "mlflow.server:app"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    own = MlflowServer(port)
    assert own.wait_until_ready(lambda: process.poll() is None)
    yield own
    process.terminate()
    process.wait(30)


def test_every_search_answers_as_the_original(server: ServerProcess, original: MlflowServer) -> None:
    experiment, runs = _experiment_with_runs(server)
    server.call("runs/delete", {"run_id": runs[1]})
    server.call("runs/update", {"run_id": runs[2], "status": "FINISHED", "end_time": 99})
    for search in SEARCHES:
        _assert_same(server, original, "runs/search", {"experiment_ids": ["0", experiment, "77"], **search})


def test_what_another_server_writes_is_seen_at_once(server: ServerProcess, original: MlflowServer) -> None:
    experiment, runs = _experiment_with_runs(original)
    everything = {"experiment_ids": [experiment], "run_view_type": "ALL"}
    writes: list[tuple[str, dict[str, Any]]] = [
        ("runs/create", {"experiment_id": experiment, "start_time": 50}),
        ("runs/log-metric", {"run_id": runs[0], "key": "loss", "value": 0.25, "timestamp": 9, "step": 9}),
        ("runs/set-tag", {"run_id": runs[0], "key": "stage", "value": "new"}),
        ("runs/update", {"run_id": runs[0], "status": "FINISHED", "end_time": 99}),
        ("runs/update", {"run_id": runs[0], "status": "KILLED", "end_time": 99}),
        ("runs/delete", {"run_id": runs[0]}),
        ("runs/restore", {"run_id": runs[0]}),
        ("experiments/delete", {"experiment_id": experiment}),
        ("experiments/restore", {"experiment_id": experiment}),
        ("experiments/update", {"experiment_id": experiment, "new_name": "renamed"}),
    ]
    before = _assert_same(server, original, "runs/search", everything)
    for method, body in writes:
        assert original.call(method, body).status_code == 200, method
        after = _assert_same(server, original, "runs/search", everything)
        _assert_same(server, original, "runs/get", {"run_id": runs[0]})
        assert after != before or method.startswith("experiments/"), method
        before = after


def test_a_run_is_found_where_its_experiment_went(server: ServerProcess, original: MlflowServer) -> None:
    experiment, runs = _experiment_with_runs(server)
    for method in ("experiments/delete", "experiments/restore", "experiments/delete"):
        original.call(method, {"experiment_id": experiment})
        assert server.get("/api/2.0/mlflow/runs/get", params={"run_id": runs[0]}).status_code == 200
        _assert_same(server, original, "runs/search", {"experiment_ids": [experiment]})


@pytest.mark.parametrize("run", ["0" * 32, "tags", "meta.yaml", "../0", "", "ü"])
def test_what_is_no_run_is_refused_as_the_original_does(
    server: ServerProcess, original: MlflowServer, run: str
) -> None:
    _experiment_with_runs(server)
    _assert_same(server, original, "runs/get", {"run_id": run})


def test_workers_see_each_others_runs(start: Start, settings: dict[str, str]) -> None:
    server = start({**settings, "MLFLOW_SERVER_WORKERS": "2"})
    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            created = server.call("runs/create", {"experiment_id": "0", "start_time": number}).json()["run"]["info"]
            answers = pool.map(lambda _: server.call("runs/search", {"experiment_ids": ["0"]}).json(), range(4))
            assert {answer["runs"][0]["info"]["run_id"] for answer in answers} == {created["run_id"]}
            assert {len(answer["runs"]) for answer in answers} <= {number + 1}


def test_a_search_reads_each_run_once(settings: dict[str, str], image_bin: Path) -> None:
    """Counted where Python reports it: the system calls of one search of 20 runs, in a process of its own."""
    count = """
import os, sys
import mlflow_app
from mlflow.entities import ViewType
from mlflow.server import handlers
store = handlers._get_tracking_store()
for number in range(20):
    store.create_run("0", "a user", number, [])
opened, listed = [], []
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("meta.yaml"):
        opened.append(arguments[0])
    elif event == "os.listdir":
        listed.append(arguments[0])
experiment = os.path.join(store.root_directory, "0")
sys.addaudithook(hook)
found = store.search_runs(["0"], "", ViewType.ACTIVE_ONLY)
print(len(found), len(opened), listed.count(experiment))
"""
    done = subprocess.run(
        [image_bin / "python", "-W", "ignore", "-c", count],
        env={**settings, "PYTHONPATH": str(DOCKER)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["20", "20", "1"]


def test_both_yaml_loaders_read_every_character_alike(image_bin: Path) -> None:
    compare = """
import io, sys, yaml
for start in range(0, sys.maxunicode + 1, 256):
    text = "a: " + "".join(chr(c) for c in range(start, start + 256) if not 0xD800 <= c < 0xE000)
    document = yaml.safe_dump({"name": text, "plain": text[3:6]}, allow_unicode=True, default_flow_style=False)
    assert yaml.load(io.StringIO(document), Loader=yaml.CSafeLoader) == yaml.safe_load(document), hex(start)
"""
    subprocess.run([image_bin / "python", "-c", compare], check=True, env={"PATH": os.environ["PATH"]})


def _experiment_with_runs(server: MlflowServer) -> tuple[str, list[str]]:
    """An experiment, and five runs in it that differ in what one searches by."""
    experiment = server.call("experiments/create", {"name": "größer 🌲: 'quoted'"}).json()["experiment_id"]
    runs = []
    for number in range(5):
        run = server.call("runs/create", {"experiment_id": experiment, "start_time": number // 2}).json()["run"]
        runs.append(run["info"]["run_id"])
        server.call(
            "runs/log-batch",
            {
                "run_id": runs[-1],
                "metrics": [
                    {"key": "loss", "value": number + step / 2, "timestamp": step, "step": step} for step in (0, 1)
                ],
                "params": [{"key": "model", "value": "forest" if number % 2 else "tree"}],
                "tags": [{"key": "mlflow.runName", "value": f"run {number}: größer 🌲"}],
            },
        )
    return experiment, runs


def _assert_same(server: MlflowServer, original: MlflowServer, method: str, body: dict[str, Any]) -> str:
    """Both answer alike, to the byte; the answer."""
    answers = [
        each.get(f"/api/2.0/mlflow/{method}", params=body) if method == "runs/get" else each.call(method, body)
        for each in (server, original)
    ]
    assert (answers[0].status_code, answers[0].text) == (answers[1].status_code, answers[1].text), (method, body)
    return str(answers[0].text)
