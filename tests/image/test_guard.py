"""The published attacks on MLflow 1.5.0's artifact paths, against a running server."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.support.mlflow_server import UP, attacks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import ServerProcess, Start

pytestmark = pytest.mark.slow

BLOB = b"x" * 1000


class BlobService(BaseHTTPRequestHandler):
    """As much of Azure's blob service as a download of one blob needs; no other blob is there."""

    def do_GET(self) -> None:
        if "comp=list" in self.path:
            self._answer(200, b"<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>")
        elif self.path.endswith("/model.txt"):
            self._answer(206, BLOB)
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}")
        self.send_header("x-ms-blob-type", "BlockBlob")
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def azure(start: Start, settings: dict[str, str]) -> Iterator[ServerProcess]:
    """A server whose artifacts are in Azure."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), BlobService)
    Thread(target=service.serve_forever, daemon=True).start()
    settings["MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"] = "wasbs://mlflow@account.blob.core.windows.net/root"
    settings["AZURE_STORAGE_CONNECTION_STRING"] = (
        f"AccountName=account;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{service.server_port}/"
    )
    yield start(settings)
    service.shutdown()
    service.server_close()


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the server that no caller may read or change."""
    file = tmp_path / "victim"
    file.write_text("precious")
    yield file
    assert file.read_text() == "precious"


@pytest.mark.parametrize("store", ["server", "azure"])
def test_no_path_leads_out_of_a_runs_artifacts(store: str, request: pytest.FixtureRequest, victim: Path) -> None:
    server: ServerProcess = request.getfixturevalue(store)
    for target in attacks(server.create_run(), str(victim)):
        status, text = server.get_raw(target)
        assert status in (400, 500), target
        assert "precious" not in text
        assert victim.read_text() == "precious", target


def test_a_path_in_the_body_of_a_request_is_seen_too(server: ServerProcess, victim: Path) -> None:
    body = json.dumps({"run_id": server.create_run(), "path": f"{UP}{victim.parent}"})
    for data in (body, json.dumps(body)):  # MLflow reads JSON within JSON as well
        answer = server.get("/api/2.0/mlflow/artifacts/list", data=data)
        assert answer.status_code == 400
        assert "victim" not in answer.text


def test_no_experiment_hands_out_a_directory_of_the_server(server: ServerProcess, victim: Path) -> None:
    for field in ("artifact_location", "artifactLocation"):
        for scheme in ("", "file:", "file://", "FILE://"):
            location = f"{scheme}{victim.parent}"
            answer = server.call("experiments/create", {"name": location, field: location})
            assert answer.status_code == 400, location
            assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_an_experiment_that_an_attacker_made_before_is_not_opened(
    server: ServerProcess, victim: Path, settings: dict[str, str]
) -> None:
    run = server.create_run()
    for meta in Path(settings["MLFLOW_SERVER_FILE_STORE"]).glob(f"*/{run}/meta.yaml"):
        lines = meta.read_text().splitlines()
        meta.write_text(
            "\n".join(f"artifact_uri: {victim.parent}" if li.startswith("artifact_uri:") else li for li in lines)
        )
    answer = server.get("/get-artifact", params={"run_uuid": run, "path": "victim"})
    assert answer.status_code == 403
    assert server.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run}).status_code == 403


def test_a_location_in_a_remote_store_or_under_the_own_root_is_accepted(server: ServerProcess, tmp_path: Path) -> None:
    server.create_run(name="remote", artifact_location="wasbs://other@account.blob.core.windows.net/x")
    server.create_run(name="own", artifact_location=str(tmp_path / "artifacts" / "special"))


def test_a_downloaded_artifact_is_sent_whole_and_not_kept(azure: ServerProcess, tmp_path: Path) -> None:
    run = azure.create_run()
    answer = azure.get("/get-artifact", params={"run_uuid": run, "path": "model.txt"})
    assert answer.content == BLOB
    assert not list((tmp_path / "tmp").rglob("*.txt"))
