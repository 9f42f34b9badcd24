"""An SCM site that App Service is only starting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.errors import MlflowAzureError, TimedOutError
from mlflow_azure.kudu.scm_site import Kudu
from tests.support.no_pauses import NoPauses
from tests.support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlflow_azure.deadline import Deadline

ASKED = "GET /api/logs/docker"
NO_LOGS = Answer(body=b"[]")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tmp_path)
    yield server
    server.stop()


def kudu(site: ScriptedServer, waiting: Callable[[str], object] | None, deadline: Deadline | None = None) -> Kudu:
    azure: Any = SimpleNamespace(
        cloud=site.cloud, credential=SimpleNamespace(token=lambda _scope: "token"), deadline=deadline or NoPauses()
    )
    return Kudu(azure, "mlflow", site.server, waiting)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_it_is_waited_for_and_that_is_told_once(site: ScriptedServer, status: int) -> None:
    told: list[str] = []
    site.will([Answer(status), Answer(status), NO_LOGS])
    assert kudu(site, told.append).log_files() == []
    assert site.requests == [ASKED] * 3
    assert told == [f"The SCM site responds with {status}. Waiting, in case it is only starting."]


def test_it_is_waited_for_until_the_deadline_and_no_longer(site: ScriptedServer) -> None:
    site.will([Answer(503)])
    deadline = NoPauses()
    with pytest.raises(TimedOutError):
        kudu(site, lambda _told: deadline.give_up(), deadline).log_files()
    assert site.requests == [ASKED]


def test_where_nobody_waits_what_it_answers_is_told_at_once(site: ScriptedServer) -> None:
    site.will([Answer(503), NO_LOGS])
    with pytest.raises(MlflowAzureError, match="its SCM site responded with 503"):
        kudu(site, None).log_files()
    assert site.requests == [ASKED]
