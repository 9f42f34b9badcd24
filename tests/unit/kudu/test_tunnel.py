"""What stands in the way of a shell in the container, by what the SCM site says."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.kudu.scm_site import Kudu
from mlflow_azure.kudu.tunnel import obstacle, wait_until_reachable
from tests.support.no_pauses import NoPauses
from tests.support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASKED = "GET /AppServiceTunnel/Tunnel.ashx"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tmp_path)
    yield server
    server.stop()


def kudu(site: ScriptedServer) -> Kudu:
    credential = SimpleNamespace(token=lambda _scope: "token")
    azure: Any = SimpleNamespace(cloud=site.cloud, credential=credential, deadline=NoPauses())
    return Kudu(azure, "mlflow", site.server)


def state(said: str, *, reached: bool = False) -> Answer:
    return Answer(body=json.dumps({"state": said, "canReachPort": reached}).encode())


def test_a_container_that_listens_is_reached() -> None:
    assert obstacle({"state": "STARTED", "canReachPort": True}) is None


@pytest.mark.parametrize(
    ("state", "why", "command"),
    [
        ({"state": "STARTED", "canReachPort": False}, "is running, but has no SSH server", "mlflow-azure deploy"),
        ({"state": "STOPPED", "canReachPort": True}, "its state is stopped", "mlflow-azure logs"),
        ({}, "its state is unknown", "mlflow-azure logs"),
    ],
)
def test_what_to_do_next_depends_on_whether_it_runs(state: dict[str, object], why: str, command: str) -> None:
    found = obstacle(state)
    assert found is not None
    assert why in found.why
    assert command in found.hint


def test_a_container_that_is_stopped_and_then_has_no_ssh_server_yet_is_waited_for(site: ScriptedServer) -> None:
    told: list[str] = []
    site.will([state("STOPPED"), state("STOPPED"), state("STARTED"), state("STARTED", reached=True)])
    wait_until_reachable(kudu(site), NoPauses(), told.append)
    assert site.requests == [ASKED] * 4
    assert [said.partition(". ")[0] for said in told] == [
        "The container is not running; its state is stopped",
        "The container is running, but has no SSH server",
    ]
