"""What a deployment holds, as it is seen without its backups: a hash by name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import requests

from tests.support.server_content import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stored import Stored

_HISTORIES = 50
"""Of every so manieth run the whole histories are read."""
_ARTIFACTS = "0/full-size/artifacts"


def files_and_blobs(stored: Stored) -> dict[str, str]:
    """Every file and directory of the share, and every blob."""
    files = {f"file {name}": digest for name, digest in stored.files().items()}
    return files | {f"blob {name}": digest for name, digest in stored.blobs().items()}


def served(url: str) -> dict[str, str]:
    """Every experiment and run that a server of MLflow 3 has, and the artifacts, through the server."""
    found = {}
    experiments = ask(url, "POST", "experiments/search", view_type="ALL", max_results=1000)["experiments"]
    for experiment in experiments:
        found[f"experiment {experiment['experiment_id']}"] = _hash(experiment)
        for number, run in enumerate(_runs(url, experiment["experiment_id"])):
            found[f"run {run['info']['run_id']}"] = _hash(run)
            if number % _HISTORIES == 0:
                found[f"histories of {run['info']['run_id']}"] = _hash(_histories(url, run))
    return found | dict(_artifacts(url))


def _runs(url: str, experiment: str) -> Iterator[Any]:
    asked = {"experiment_ids": [experiment], "run_view_type": "ALL", "max_results": 1000}
    page: dict[str, str] = {}
    while True:
        answer = ask(url, "POST", "runs/search", **asked, **page)
        yield from sorted(answer.get("runs", []), key=lambda run: str(run["info"]["run_id"]))
        if not (token := answer.get("next_page_token")):
            return
        page = {"page_token": token}


def _histories(url: str, run: Any) -> list[Any]:
    histories = []
    for metric in run["data"].get("metrics", ()):
        parameters = {"run_id": run["info"]["run_id"], "metric_key": metric["key"]}
        answer = requests.get(f"{url}/api/2.0/mlflow/metrics/get-history", params=parameters, timeout=120)
        assert answer.status_code == 200, answer.text
        histories += answer.json()["metrics"]
    return histories


def _artifacts(url: str) -> Iterator[tuple[str, str]]:
    address = f"{url}/api/2.0/mlflow-artifacts/artifacts"
    listed = requests.get(address, params={"path": _ARTIFACTS}, timeout=120).json()["files"]
    for each in listed:
        if each["path"].endswith(".bin"):
            digest = hashlib.sha256()
            with requests.get(f"{address}/{_ARTIFACTS}/{each['path']}", stream=True, timeout=120) as answer:
                assert answer.status_code == 200, each
                for piece in answer.iter_content(1 << 20):
                    digest.update(piece)
            yield f"artifact {each['path']}", digest.hexdigest()


def _hash(told: Any) -> str:
    """A hash that does not depend on the order of lists."""
    return hashlib.sha256(json.dumps(_in_order(told), sort_keys=True).encode()).hexdigest()


def _in_order(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _in_order(value) for name, value in told.items()}
    if isinstance(told, list):
        return sorted((_in_order(each) for each in told), key=lambda each: json.dumps(each, sort_keys=True))
    return told
