"""What is sent again after a fault, and what is not, over the SDK's own pipeline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import AzureError

from mlflow_azure.azure.rest import RestClient
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import TimedOutError
from tests.support.scripted_server import CUT, Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = {"Retry-After": "1"}
SITE = "/providers/Microsoft.Web/sites/mlflow"
REPEATED = (
    ("POST", "/providers/Microsoft.Storage/storageAccounts/mlflow/listKeys"),
    ("POST", f"{SITE}/config/appsettings/list"),
    ("POST", "/providers/Microsoft.ContainerRegistry/checkNameAvailability"),
    ("POST", "/providers/Microsoft.Web/register"),
    ("PATCH", "/providers/Microsoft.ContainerRegistry/registries/mlflow"),
    ("PUT", SITE),
    ("GET", SITE),
)
UNREPEATED = (
    ("POST", "/providers/Microsoft.ContainerRegistry/registries/mlflow/scheduleRun"),
    ("POST", "/providers/Microsoft.Storage/storageAccounts/mlflow/regenerateKey"),
    ("POST", "/v1.0/applications"),
)


class SignedIn:
    """Whoever has a token already."""

    def get_token_info(self, *_scopes: str, options: Any = None) -> AccessTokenInfo:
        return AccessTokenInfo("token", int(time.time()) + 3600)


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tmp_path)
    yield server
    server.stop()


def client(azure: ScriptedServer, seconds: float | None = None) -> RestClient:
    return RestClient(azure.cloud, SignedIn(), azure.cloud.resource_manager, Deadline(seconds))  # type: ignore[arg-type] # one that needs no cloud


@pytest.mark.parametrize("blip", [CUT, Answer(500), Answer(429, headers=LATER)], ids=["cut", "500", "429"])
@pytest.mark.parametrize(("method", "path"), REPEATED, ids=" ".join)
def test_what_is_safe_to_repeat_is_sent_again(azure: ScriptedServer, method: str, path: str, blip: Answer) -> None:
    azure.will([blip, Answer(body=b'{"name": "found"}')])
    assert client(azure).send(method, path) == {"name": "found"}
    assert azure.requests == [f"{method} {path}"] * 2


@pytest.mark.parametrize("blip", [CUT, Answer(500), Answer(504), Answer(500, headers=LATER)], ids=str)
@pytest.mark.parametrize(("method", "path"), UNREPEATED, ids=" ".join)
def test_what_may_have_been_carried_out_is_not(azure: ScriptedServer, method: str, path: str, blip: Answer) -> None:
    azure.will([blip, Answer()])
    with pytest.raises(AzureError):
        client(azure).send(method, path)
    assert azure.requests == [f"{method} {path}"]


@pytest.mark.parametrize("status", [429, 503])
def test_what_azure_wants_later_is_sent_again_then(azure: ScriptedServer, status: int) -> None:
    method, path = UNREPEATED[0]
    azure.will([Answer(status, headers=LATER), Answer()])
    client(azure).send(method, path)
    assert azure.requests == [f"{method} {path}"] * 2


def test_nothing_is_sent_again_past_the_deadline(azure: ScriptedServer) -> None:
    azure.will([Answer(429, headers={"Retry-After": "86400"}), Answer()])
    with pytest.raises(TimedOutError):
        client(azure, 0.2).send("GET", SITE)
    assert azure.requests == [f"GET {SITE}"]
