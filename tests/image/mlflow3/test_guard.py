"""Attacks on MLflow's artifact paths and locations, and its published holes, against MLflow 3's server."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.image.conftest import Start
from tests.support.mlflow_server import UP, attacks

from .conftest import STARTUP, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.image.conftest import ServerProcess

pytestmark = pytest.mark.slow

DESTINATION = "wasbs://mlflow@account.blob.core.windows.net/mlartefacts"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the attacked server has its database and its artifacts."""
    return tmp_path_factory.mktemp("attacked")


@pytest.fixture(scope="module")
def server(directory: Path, mlflow_3_bin: Path, made_database: Path) -> Iterator[ServerProcess]:
    """One server for all attacks."""
    yield from serving(directory, mlflow_3_bin, made_database)


@pytest.fixture(scope="module")
def in_azure(
    tmp_path_factory: pytest.TempPathFactory, mlflow_3_bin: Path, made_database: Path
) -> Iterator[ServerProcess]:
    """One whose artifacts are in Azure."""
    own = tmp_path_factory.mktemp("in-azure")
    yield from serving(own, mlflow_3_bin, made_database, MLFLOW_SERVER_ARTIFACT_DESTINATION=DESTINATION)


def serving(directory: Path, mlflow_3_bin: Path, made_database: Path, **settings: str) -> Iterator[ServerProcess]:
    shutil.copy(made_database, directory / "mlflow.db")
    starter = Start(directory, STARTUP)
    yield starter({**environment(directory, mlflow_3_bin), **settings})
    starter.end()


@pytest.fixture
def victim(directory: Path) -> Iterator[Path]:
    """A file of the server that no caller may read or change."""
    file = directory / "victim"
    file.write_text("precious")
    yield file
    assert file.read_text() == "precious"


@pytest.fixture
def run(server: ServerProcess, request: pytest.FixtureRequest) -> str:
    """The id of a run in an experiment of the test's own."""
    return server.create_run(name=request.node.name)


def test_no_path_leads_out_of_the_artifacts(server: ServerProcess, run: str, victim: Path) -> None:
    proxied = [
        f"/{api}/2.0/mlflow-artifacts/artifacts/{up}{victim}"
        for api in ("api", "ajax-api")
        for up in ("", UP, UP.replace(".", "%2e"), UP.replace("/", "%2F"), UP.replace("/", "%252F"), "a/" + UP)
    ]
    for target in attacks(run, str(victim)) + proxied:
        status, text = server.get_raw(target)
        # Of a path that was sent twice MLflow takes the first.
        assert status in (400, 404, 500) or "files" not in json.loads(text), target
        assert "precious" not in text
    for target in proxied:
        put = requests.put(f"{server.url}{target}", data=b"stolen", timeout=60)
        assert put.status_code in (400, 404, 500), target
        assert victim.read_text() == "precious", target


def test_a_path_in_the_body_of_a_request_is_seen_too(server: ServerProcess, run: str, victim: Path) -> None:
    body = json.dumps({"run_id": run, "path": f"{UP}{victim.parent}"})
    for data in (body, json.dumps(body)):
        answer = server.get("/api/2.0/mlflow/artifacts/list", data=data)
        assert "victim" not in answer.text
        assert answer.status_code == 400


def locations(directory: Path) -> list[str]:
    """Artifact locations that no experiment may have, for a server whose artifacts are in Azure or in `directory`."""
    local = [f"{scheme}{directory}" for scheme in ("", "file:", "file://", "FILE://", "file://localhost", "%66ile:")]
    remote = ["http://127.0.0.1/x", "ftp://127.0.0.1/x", "sftp://u@127.0.0.1/x", "hdfs://127.0.0.1/x", "dbfs:/x"]
    served = ["mlflow-artifacts:/../x", "mlflow-artifacts:/%2e%2e/x", "mlflow-artifacts://127.0.0.1/x", "relative"]
    return [*local, *remote, *served, "runs:/0/x", "models:/x/1", f"{directory}/artifacts/../x"]


def test_no_experiment_hands_out_a_directory_of_the_server_or_another_host(server: ServerProcess, victim: Path) -> None:
    for location in locations(victim.parent):
        for field in ("artifact_location", "artifactLocation"):
            answer = server.call("experiments/create", {"name": location, field: location})
            assert answer.status_code == 400, location
            assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_no_experiment_reaches_the_rest_of_the_servers_account(in_azure: ServerProcess) -> None:
    for location in (
        "wasbs://other@account.blob.core.windows.net/x",
        "wasbs://mlflow@account.blob.core.windows.net/other",
        "wasbs://mlflow@account.blob.core.windows.net/mlartefacts/../other",
        "wasbs://mlflow@account.blob.core.windows.net/mlartefacts-other",
        "wasbs://other@ACCOUNT.blob.core.windows.net/x",
        "wasbs://other@account.blob.core.chinacloudapi.cn/x",
        "wasbs://other@%61ccount.blob.core.windows.net/x",
        "abfss://other@account.dfs.core.windows.net/x",
    ):
        answer = in_azure.call("experiments/create", {"name": location, "artifact_location": location})
        assert answer.status_code == 400, location


def test_a_location_in_a_remote_store_or_inside_the_destination_is_accepted(in_azure: ServerProcess) -> None:
    in_azure.create_run(name="remote", artifact_location="wasbs://mlflow@another.blob.core.windows.net/x")
    in_azure.create_run(name="own", artifact_location=f"{DESTINATION}/special")
    in_azure.create_run(name="served", artifact_location="mlflow-artifacts:/special")


def test_what_was_written_into_the_database_before_is_not_opened(
    server: ServerProcess, run: str, directory: Path, victim: Path
) -> None:
    for location in (str(victim.parent), f"file://{victim.parent}"):
        with closing(sqlite3.connect(directory / "mlflow.db")) as database, database:
            database.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (location, run))
        answer = server.get("/get-artifact", params={"run_uuid": run, "path": "victim"})
        assert answer.status_code == 403
        assert server.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run}).status_code == 403


def test_no_trace_hands_out_a_directory_of_the_server(server: ServerProcess, victim: Path) -> None:
    (victim.parent / "traces.json").write_text('{"spans": ["precious"]}')
    info: dict[str, Any] = {
        "trace_id": "tr-1",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-01-01T00:00:00Z",
        "state": "OK",
        "tags": {"mlflow.artifactLocation": str(victim.parent)},
    }
    requests.post(f"{server.url}/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}}, timeout=60)
    answer = server.get("/ajax-api/3.0/mlflow/get-trace-artifact", params={"request_id": "tr-1"})
    assert answer.status_code >= 400
    assert "precious" not in answer.text


@pytest.mark.parametrize("step", ["create", "complete", "abort"])
def test_no_upload_in_parts_leads_out_of_the_artifacts(server: ServerProcess, victim: Path, step: str) -> None:
    """CVE-2026-2651 was these, which MLflow's own sign-in did not guard; that ours does is tested with a deployment."""
    for path in (f"{UP}{victim}", str(victim), f"a/{UP.replace('/', '%5C')}{victim}"):
        body = {"path": path, "num_parts": 1, "upload_id": "x", "parts": []}
        url = f"{server.url}/api/2.0/mlflow-artifacts/mpu/{step}/{path.replace('/', '%2F')}"
        answer = requests.post(url, json=body, timeout=60)
        assert answer.status_code >= 400, path
        assert victim.read_text() == "precious", path


def test_no_prompt_hands_out_a_directory_of_the_server(server: ServerProcess, victim: Path) -> None:
    """CVE-2026-2614: the source of a version that was called a prompt was not looked at."""
    prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    text = {"key": "mlflow.prompt.text", "value": "x"}
    server.call("registered-models/create", {"name": "prompt", "tags": [prompt]})
    for source in (f"file://{victim.parent}", f"file:{victim.parent}/", str(victim.parent)):
        body = {"name": "prompt", "source": source, "tags": [prompt, text]}
        assert server.call("model-versions/create", body).status_code == 400, source


def test_no_model_version_hands_out_a_directory_of_the_server(server: ServerProcess, run: str, victim: Path) -> None:
    server.call("registered-models/create", {"name": "model"})
    for source in [*locations(victim.parent), f"mlflow-artifacts:/0/{UP}x"]:
        made = server.call("model-versions/create", {"name": "model", "source": source, "run_id": run})
        if made.status_code == 200:  # a client may reach it itself
            version = made.json()["model_version"]["version"]
            query = {"name": "model", "version": version, "path": "victim"}
            made = server.get("/model-versions/get-artifact", params=query)
        assert made.status_code in (400, 403, 404), source


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "ajax-api/3.0/mlflow/assistant/config"),
        ("POST", "ajax-api/3.0/mlflow/assistant/message"),
        ("PUT", "ajax-api/3.0/mlflow/assistant/config"),
        ("POST", "ajax-api/3.0/jobs/"),
        ("GET", "metrics"),
        ("GET", "docs"),
        ("GET", "openapi.json"),
    ],
)
def test_what_a_tracking_server_need_not_do_is_not_there(server: ServerProcess, method: str, path: str) -> None:
    assert requests.request(method, f"{server.url}/{path}", json={}, timeout=60).status_code == 404


def test_the_gateway_is_off_without_a_passphrase_of_ones_own(server: ServerProcess) -> None:
    body = {"secret_name": "x", "secret_value": {"api_key": "c2VjcmV0"}, "provider": "openai"}
    secret = requests.post(f"{server.url}/api/3.0/mlflow/gateway/secrets/create", json=body, timeout=60)
    assert secret.status_code == 501
    assert server.get("/ajax-api/3.0/mlflow/gateway/endpoints/list").status_code == 501
