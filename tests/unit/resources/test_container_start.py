"""What a deploy makes of what the log says of a container that does not start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.kudu import logs
from mlflow_azure.resources.web.container_start import ROLE_SECONDS, ContainerStart


class Site:
    """A web app, and how often it was restarted."""

    def __init__(self) -> None:
        self.name, self.where, self.restarts = "mlflow", ("group", "mlflow"), 0
        self.azure: Any = SimpleNamespace(cloud=PUBLIC, web=SimpleNamespace(web_apps=self))

    def restart(self, *_where: str) -> None:
        self.restarts += 1


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def role() -> Deadline:
    """How long a new role is waited for."""
    return Deadline(ROLE_SECONDS)


@pytest.fixture
def start(site: Site, role: Deadline) -> ContainerStart:
    known: Any = site
    return ContainerStart(known, "mlflow.scm.azurewebsites.net", identity=True, role=role)


def refused_pull() -> list[logs.Line]:
    """What App Service logs of a pull that the registry refuses, in a moment."""
    time = datetime.now(UTC) + timedelta(seconds=1)
    said = "ERROR - DockerApiException: pull access denied, unauthorized: authentication required"
    return [logs.parse(f"{time:%Y-%m-%dT%H:%M:%S.%f}Z {said}")]


def unheard(_message: str, _fraction: float | None) -> None:
    """Nobody listens."""


def test_an_image_that_the_identity_may_not_pull_yet_is_pulled_again(site: Site, start: ContainerStart) -> None:
    assert start.act(refused_pull(), unheard)
    assert site.restarts == 1


def test_a_role_that_never_counts_is_given_up_after_thirty_minutes(
    site: Site, start: ContainerStart, role: Deadline
) -> None:
    assert role.seconds == 30 * 60
    role.give_up()
    with pytest.raises(AzureRefusedError, match="cannot pull the image, 30 minutes after") as refused:
        start.act(refused_pull(), unheard)
    assert refused.value.code == "PullRefused"
    assert "--no-identity" in refused.value.hint
    assert site.restarts == 0
