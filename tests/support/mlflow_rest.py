"""MLflow through its REST interface, as a client of any version uses it."""

from __future__ import annotations

from typing import Any

import requests

# Run with the image's own Python: azure-storage 0.36, as MLflow 1.5.0 uses it, on a blob of more than 32 MB.
ROUND_TRIP = """
import os
from azure.storage.blob import BlockBlobService
service = BlockBlobService(connection_string=os.environ["AZURE_STORAGE_CONNECTION_STRING"])
content = os.urandom(40 * 1024 * 1024)
service.create_blob_from_bytes("mlflow", "mlartefacts/big model/ü.bin", content)
assert service.get_blob_to_bytes("mlflow", "mlartefacts/big model/ü.bin").content == content
assert [blob.name for blob in service.list_blobs("mlflow", prefix="mlartefacts/big")] == ["mlartefacts/big model/ü.bin"]
"""


def server_settings(key: str, endpoint: str) -> dict[str, str]:
    """The app settings of a server whose artifacts are in the container `mlflow` of `account1`."""
    return {
        "WEBSITES_PORT": "5000",
        "MLFLOW_SERVER_HOST": "0.0.0.0",
        "MLFLOW_SERVER_PORT": "5000",
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns",
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": "wasbs://mlflow@account1.blob.core.windows.net/mlartefacts",
        "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;AccountName=account1;AccountKey={key};"
        f"BlobEndpoint={endpoint}",
    }


def log_a_run(server: str) -> tuple[str, str]:
    """Log a run with a metric; its id and its artifact URI."""
    info = _api(server, "POST", "runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    metric = {"run_id": info["run_id"], "key": "rmse", "value": 0.5, "timestamp": 1, "step": 0}
    _api(server, "POST", "runs/log-metric", metric)
    metrics = _api(server, "GET", f"runs/get?run_id={info['run_id']}")["run"]["data"]["metrics"]
    assert [(metric["key"], metric["value"]) for metric in metrics] == [("rmse", 0.5)]
    return info["run_id"], info["artifact_uri"]


def runs(server: str) -> list[str]:
    """The ids of all runs of the default experiment."""
    found = _api(server, "POST", "runs/search", {"experiment_ids": ["0"]})["runs"]
    return [run["info"]["run_id"] for run in found]


def _api(server: str, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    response = requests.request(method, f"{server}/api/2.0/mlflow/{path}", json=body, timeout=120)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer
