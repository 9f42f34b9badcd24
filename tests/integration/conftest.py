"""One emulator for all tests of a module, and a deployment in it for those that only look, or say what they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import Command, isolated
from tests.support.deployment import Deployment
from tests.support.running_emulator import Emulator, started

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared_cli(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Command:
    light = request.node.get_closest_marker("light") is not None
    return isolated(tmp_path_factory.mktemp("shared"), light=light)


@pytest.fixture(scope="module")
def shared_emulator(shared_cli: Command) -> Iterator[Emulator]:
    with started(shared_cli) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def deployed(shared_cli: Command, shared_emulator: Emulator) -> dict[str, Any]:
    """The data of the deploy that made the module's deployment."""
    return shared_cli("deploy", "--cloud", "emulator", "--output", "json").data


@pytest.fixture(scope="module")
def deployment(shared_cli: Command, shared_emulator: Emulator, deployed: dict[str, Any]) -> Deployment:
    """The module's deployment. Who changes it puts it back."""
    return Deployment(shared_cli, shared_emulator, deployed["url"])
