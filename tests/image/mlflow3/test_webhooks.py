"""Webhooks of MLflow 3, whose secrets several instances have to be able to read."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mlflow_azure.emulator.runtime.listener import free_port

if TYPE_CHECKING:
    from tests.image.conftest import ServerProcess, Start

pytestmark = pytest.mark.slow

KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"


def test_a_secret_is_kept_only_with_a_key_and_one_of_another_key_is_in_nobodys_way(
    start: Start, settings: dict[str, str], server: ServerProcess
) -> None:
    refused = webhook(server, secret="c2VjcmV0")
    assert refused.status_code == 400
    assert KEY in refused.json()["message"]
    plain = webhook(server).json()["webhook"]["webhook_id"]
    changed = requests.patch(f"{of(server)}/{plain}", json={"secret": "c2VjcmV0"}, timeout=60)
    assert changed.status_code == 400

    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    other = start({**settings, KEY: key, "MLFLOW_SERVER_PORT": str(free_port())})
    signed = webhook(other, secret="c2VjcmV0").json()["webhook"]["webhook_id"]
    for instance in (other, server):
        told = requests.get(of(instance), timeout=60)
        assert told.status_code == 200, told.text
        assert {each["webhook_id"] for each in told.json()["webhooks"]} == {plain, signed}
    assert requests.delete(f"{of(server)}/{signed}", timeout=60).status_code == 200


def of(server: ServerProcess) -> str:
    return f"{server.url}/api/2.0/mlflow/webhooks"


def webhook(server: ServerProcess, **secret: str) -> requests.Response:
    """One that nothing of this test calls."""
    wanted: dict[str, Any] = {
        "name": "a-webhook",
        "url": "https://1.1.1.1/mlflow",
        "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}],
        **secret,
    }
    return requests.post(of(server), json=wanted, timeout=60)
