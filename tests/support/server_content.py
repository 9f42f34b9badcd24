"""All that a server of MLflow 1.5.0 or 3 holds, in one form, through the REST interface."""

from __future__ import annotations

import math
from typing import Any

import requests

_HIGHEST = 1.7976931348623157e308
Content = dict[str, Any]


def ask(server: str, method: str, path: str, **body: Any) -> Any:
    """A request that has to succeed."""
    answer = requests.request(method, f"{server}/api/2.0/mlflow/{path}", json=body or None, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def content(server: str, artifact_root: str) -> Content:
    """By id of the experiment: its name, stage, tags, address of artifacts below the root, and runs by id."""
    if requests.get(f"{server}/api/2.0/mlflow/experiments/list", timeout=120).status_code == 200:
        listed = ask(server, "GET", "experiments/list?view_type=ALL")["experiments"]
    else:
        listed = ask(server, "POST", "experiments/search", view_type="ALL", max_results=1000)["experiments"]
    return {
        each["experiment_id"]: {
            "name": each["name"],
            "stage": each["lifecycle_stage"],
            "tags": _pairs(each.get("tags")),
            "artifacts": _address(each["artifact_location"], artifact_root),
            "runs": _runs(server, each["experiment_id"], artifact_root),
        }
        for each in listed
    }


def _runs(server: str, experiment: str, artifact_root: str) -> Content:
    asked = {"experiment_ids": [experiment], "run_view_type": "ALL", "max_results": 1000}
    found: list[Any] = []
    page: dict[str, str] = {}
    while True:
        answer = ask(server, "POST", "runs/search", **asked, **page)
        found += answer.get("runs", [])
        if not (token := answer.get("next_page_token")):
            return {run["info"]["run_id"]: _run(server, run, artifact_root) for run in found}
        page = {"page_token": token}


def run_content(server: str, run: str, artifact_root: str) -> Content:
    """A run with its whole histories."""
    return _run(server, ask(server, "GET", f"runs/get?run_id={run}")["run"], artifact_root)


def _run(server: str, run: Any, artifact_root: str) -> Content:
    info, data = run["info"], run["data"]
    told = ("experiment_id", "user_id", "status", "lifecycle_stage")
    return {
        **{name: info.get(name) or "" for name in told},
        **{name: int(info.get(name) or 0) for name in ("start_time", "end_time")},
        "artifacts": _address(info["artifact_uri"], artifact_root),
        "params": _pairs(data.get("params")),
        "tags": _pairs(data.get("tags")),
        "latest": {each["key"]: _point(each) for each in data.get("metrics", ())},
        "histories": {each["key"]: _history(server, info["run_id"], each["key"]) for each in data.get("metrics", ())},
    }


def _history(server: str, run: str, key: str) -> list[Any]:
    answer = requests.get(
        f"{server}/api/2.0/mlflow/metrics/get-history", params={"run_id": run, "metric_key": key}, timeout=120
    )
    assert answer.status_code == 200, answer.text
    return sorted({_point(each) for each in answer.json()["metrics"]})


def _point(told: Any) -> tuple[int, int, str]:
    value = float(told["value"])
    if math.isinf(value):  # MLflow's SQL stores have no infinity
        value = math.copysign(_HIGHEST, value)
    return int(told.get("step", 0)), int(told["timestamp"]), repr(value)


def _pairs(told: Any) -> dict[str, str]:
    return {each["key"]: each.get("value", "") for each in told or ()}


def _address(address: str, root: str) -> str:
    return address.replace(root, "mlflow-artifacts:")
