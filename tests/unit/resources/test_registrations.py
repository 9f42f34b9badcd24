"""The app registrations of a deployment, where there is no way to the directory."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessTokenInfo

from mlflow_azure.azure.clients import Azure
from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import TimedOutError
from mlflow_azure.resources.entra.registrations import if_told

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = 0.1


class SignedIn:
    """Whoever has a token already."""

    def get_token_info(self, *_scopes: str, options: Any = None) -> AccessTokenInfo:
        return AccessTokenInfo("token", int(time.time()) + 3600)


@pytest.fixture
def graph() -> Iterator[str]:
    """Where Microsoft Graph should be, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


def azure(graph: str, deadline: Deadline) -> Azure:
    return Azure(replace(PUBLIC, graph=graph), SignedIn(), "mine", deadline)  # type: ignore[arg-type] # one that needs no cloud


def test_a_directory_that_does_not_answer_is_not_waited_for_for_ever(graph: str) -> None:
    assert if_told(azure(graph, Deadline()), "mlflow", Deadline(SHORT)) is None


def test_the_commands_own_deadline_ends_it_though_the_directory_does_not_answer(graph: str) -> None:
    own = azure(graph, Deadline(SHORT))
    with pytest.raises(TimedOutError):
        if_told(own, "mlflow", Deadline(SHORT))
