"""The real build context in the process runtime: built, pushed, served, and used by MLflow's own clients' libraries."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from runtime_support import Emulated, account_keys, free_ports, site_spec

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime import Mount

pytestmark = pytest.mark.slow

CONTEXT = Path(__file__).parents[3] / "docker"

# Run with the image's own Python: azure-storage 0.36, as MLflow 1.5.0 uses it, on a blob of more than 32 MB.
ROUND_TRIP = """
import hashlib, os, sys
from azure.storage.blob import BlockBlobService
service = BlockBlobService(connection_string=os.environ["AZURE_STORAGE_CONNECTION_STRING"])
content = os.urandom(40 * 1024 * 1024)
service.create_blob_from_bytes("mlflow", "mlartefacts/big model/ü.bin", content)
assert service.get_blob_to_bytes("mlflow", "mlartefacts/big model/ü.bin").content == content
print([blob.name for blob in service.list_blobs("mlflow", prefix="mlartefacts/big")])
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "source.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(CONTEXT, ".")
    return path


@pytest.mark.timeout(900)
def test_the_image_serves_mlflow_with_its_artifacts_in_the_account(
    emulated: Emulated, source: Path, mount: Mount
) -> None:
    blob_port, registry_port = free_ports(2)
    keys = account_keys()
    login_server = emulated.registry(registry_port)
    endpoint = emulated.call(emulated.runtime.blobs.ensure("account1", keys, blob_port))
    emulated.call(emulated.runtime.blobs.create_container("account1", "mlflow"))
    built = emulated.build(source)
    assert built.status == "Succeeded", built.log_path.read_text()
    connection = f"DefaultEndpointsProtocol=http;AccountName=account1;AccountKey={keys[0]};BlobEndpoint={endpoint}"
    settings = {
        "WEBSITES_PORT": "5000",
        "MLFLOW_SERVER_HOST": "0.0.0.0",
        "MLFLOW_SERVER_PORT": "5000",
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns",
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": "wasbs://mlflow@account1.blob.core.windows.net/mlartefacts",
        "AZURE_STORAGE_CONNECTION_STRING": connection,
    }
    spec = site_spec(login_server, app_settings=settings, mounts=(mount,), start_limit=230.0)
    emulated.call(emulated.runtime.sites.apply(spec))

    run_id, artifact_uri = _log_a_run(f"http://localhost:{spec.port}")
    assert artifact_uri.startswith("wasbs://mlflow@account1.blob.core.windows.net/mlartefacts/")
    assert (mount.directory / "mlruns/0" / run_id / "metrics/rmse").exists()
    environments = [path.parents[3] for path in emulated.environments().glob("*/lib/python3.11/site-packages/mlflow")]
    python = next(path for path in environments if path.name in built.log_path.read_text()) / "bin/python"
    environment = {"AZURE_STORAGE_CONNECTION_STRING": connection}
    listed = subprocess.run(
        [python, "-W", "ignore", "-c", ROUND_TRIP], env=environment, capture_output=True, text=True, check=True
    )
    assert "mlartefacts/big model/ü.bin" in listed.stdout

    emulated.call(emulated.runtime.sites.restart(spec.name))
    runs = _api(f"http://localhost:{spec.port}", "POST", "runs/search", {"experiment_ids": ["0"]})["runs"]
    assert [run["info"]["run_id"] for run in runs] == [run_id]


def _log_a_run(server: str) -> tuple[str, str]:
    info = _api(server, "POST", "runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    metric = {"run_id": info["run_id"], "key": "rmse", "value": 0.5, "timestamp": 1, "step": 0}
    _api(server, "POST", "runs/log-metric", metric)
    metrics = _api(server, "GET", f"runs/get?run_id={info['run_id']}")["run"]["data"]["metrics"]
    assert [(metric["key"], metric["value"]) for metric in metrics] == [("rmse", 0.5)]
    return info["run_id"], info["artifact_uri"]


def _api(server: str, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    response = requests.request(method, f"{server}/api/2.0/mlflow/{path}", json=body, timeout=120)
    assert response.status_code == 200, response.text
    return response.json()
