"""A registry that fails once, or answers what no registry should."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, TimedOutError
from mlflow_azure.image.registry_api import RegistryClient
from mlflow_azure.secret import Secret
from tests.support.scripted_server import CUT, Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIGEST = "sha256:" + "a" * 64
FOUND = Answer(headers={"Docker-Content-Digest": DIGEST})
TOKEN = Answer(body=json.dumps({"access_token": "t"}).encode())
HEAD, EXCHANGE = "HEAD /v2/mlflow/manifests/latest", "GET /token"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tmp_path)
    yield server
    server.stop()


def client(registry: ScriptedServer, deadline: Deadline | None = None) -> RegistryClient:
    return RegistryClient(registry.cloud, registry.server, "user", Secret("password"), deadline or Deadline())


def challenge(registry: ScriptedServer, realm: str = "/token") -> Answer:
    bearer = f'Bearer realm="https://{registry.server}{realm}",service="{registry.server}"'
    return Answer(401, headers={"WWW-Authenticate": bearer})


@pytest.mark.parametrize("blip", [CUT, Answer(429, headers={"Retry-After": "1"}), Answer(500), Answer(503)], ids=str)
def test_one_blip_at_the_registry_fails_nothing(registry: ScriptedServer, blip: Answer) -> None:
    registry.will([blip, FOUND])
    assert client(registry).digest("mlflow", "latest") == DIGEST
    assert registry.requests == [HEAD, HEAD]


@pytest.mark.parametrize("blip", [CUT, Answer(429), Answer(500)], ids=str)
def test_one_blip_at_the_exchange_for_a_token_fails_nothing(registry: ScriptedServer, blip: Answer) -> None:
    asked = challenge(registry)
    registry.will([asked, blip, asked, TOKEN, FOUND])
    assert client(registry).digest("mlflow", "latest") == DIGEST
    assert registry.requests == [HEAD, EXCHANGE, HEAD, EXCHANGE, HEAD]


def test_a_refusal_is_not_tried_again(registry: ScriptedServer) -> None:
    registry.will([Answer(403)])
    with pytest.raises(AzureRefusedError):
        client(registry).digest("mlflow", "latest")
    assert registry.requests == [HEAD]


def test_a_registry_that_stays_broken_is_told_after_a_few_tries(registry: ScriptedServer) -> None:
    registry.will([Answer(500)])
    with pytest.raises(MlflowAzureError, match="the registry responded with 500"):
        client(registry).digest("mlflow", "latest")
    assert registry.requests == [HEAD] * 4


def test_no_registry_is_waited_for_past_the_deadline(registry: ScriptedServer) -> None:
    registry.will([Answer(429, headers={"Retry-After": "86400"})])
    with pytest.raises(TimedOutError):
        client(registry, Deadline(0.2)).digest("mlflow", "latest")
    assert registry.requests == [HEAD]


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ([Answer(200)], "Docker-Content-Digest"),
        ([Answer(401, headers={"WWW-Authenticate": 'Bearer service="a"'})], "realm"),
        ([None, Answer(body=b"<html>Sign in to the network</html>")], "access_token"),
        ([None, Answer(body=b"[1]")], "access_token"),
        ([None, Answer(body=b'{"access_token": null}')], "access_token"),
    ],
    ids=["no digest", "no realm", "no JSON", "no object", "no token"],
)
def test_an_odd_answer_becomes_a_sentence(registry: ScriptedServer, answers: list[Answer | None], missing: str) -> None:
    registry.will([answer or challenge(registry) for answer in answers])
    with pytest.raises(MlflowAzureError, match=f"the registry's response lacks {missing}") as odd:
        client(registry).digest("mlflow", "latest")
    assert odd.value.code == "RegistryAnswer"
