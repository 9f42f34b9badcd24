"""An MLflow server that a test has started, wherever it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class MlflowServer:
    """A server on a port of this machine."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=60, **kwargs)

    def get_raw(self, target: str) -> tuple[int, str]:
        """Status and body, for a target that is sent untidied."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, method: str, body: Mapping[str, Any], timeout: float = 60) -> requests.Response:
        return requests.post(f"{self.url}/api/2.0/mlflow/{method}", json=body, timeout=timeout)

    def create_run(self, **experiment: str) -> str:
        """The id of a new run in a new experiment."""
        created = self.call("experiments/create", {"name": "an experiment", **experiment}).json()
        run = self.call("runs/create", {"experiment_id": created["experiment_id"], "start_time": 1}).json()
        return run["run"]["info"]["run_id"]

    def wait_until_ready(self, alive: Callable[[], bool]) -> bool:
        """Whether it answers before it is no longer `alive`."""
        while alive():
            try:
                self.get("/")
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return True
        return False


UP = "../" * 20
_ATTACKS = (
    "path={up}{victim}",
    "path=a/{up}{victim}",
    "path={victim}",
    "path=/{victim}",
    "path={up_encoded}{victim}",
    "path={up_twice_encoded}{victim}",
    "path={up_backslashes}{victim}",
    "p%61th={up}{victim}",
    "path=ok&path={up}{victim}",
    "path[]={up}{victim}",
    "path[x]={up}{victim}",
    "path=ok;path={up}{victim}",
    "path=.&path={victim}&path=ok",
)


def attacks(run: str, victim: str) -> list[str]:
    """Targets that ask MLflow 1.5.0 for the file `victim` of the server, as an artifact of `run`."""
    names = {
        "up": UP,
        "up_encoded": UP.replace(".", "%2e").replace("/", "%2F"),
        "up_twice_encoded": UP.replace(".", "%252e").replace("/", "%252F"),
        "up_backslashes": UP.replace("/", "%5C"),
        "victim": victim,
    }
    endpoints = ("get-artifact", "api/2.0/mlflow/artifacts/list", "ajax-api/2.0/mlflow/artifacts/list")
    return [f"/{endpoint}?run_uuid={run}&{attack.format(**names)}" for endpoint in endpoints for attack in _ATTACKS]
