"""Where `deploy` builds the image: with a real engine, against the emulator that runs it in containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from tests.support.containers import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from tests.support.command import Command

pytestmark = pytest.mark.docker

NO_ENGINE = {"DOCKER_HOST": "unix:///no/engine.sock"}


@pytest.fixture
def deploy(cli: Command, engine: DockerClient, base_image: str) -> Iterator[list[str]]:
    """The words of a deploy to an emulator of the test's own, which runs containers."""
    runtime = {"MLFLOW_AZURE_EMULATOR_RUNTIME": "container", "MLFLOW_AZURE_EMULATOR_BASE_IMAGE": base_image}
    started = cli("emulator", "start", **runtime)
    assert started.exit_code == 0, started.stderr
    before = names(engine)
    yield ["deploy", "--cloud", "emulator", "--output", "json", "--docker-base-image", base_image]
    launcher.reset(Home(cli.directory.parent / "emulator"))
    for tag in names(engine) - before:
        if tag.startswith("localhost:") and "@" not in tag:
            engine.images.remove(tag)


def test_it_builds_where_an_engine_answers_and_a_second_deploy_neither_builds_nor_pushes(
    cli: Command, deploy: list[str], engine: DockerClient
) -> None:
    first = cli(*deploy)
    assert first.data["image"]["digest"].startswith("sha256:")
    assert "building on this machine, with Docker Engine" in first.stderr
    assert first.data["image"]["reference"] in names(engine)

    second = cli(*deploy, **NO_ENGINE)  # it is not even asked
    assert second.data["image"] == first.data["image"]
    assert {row["action"] for row in second.data["resources"]} == {"keep"}


def test_it_builds_in_the_registry_where_no_engine_answers_and_says_so(cli: Command, deploy: list[str]) -> None:
    deployed = cli(*deploy, **NO_ENGINE)
    assert "building in the registry, since there is no engine here" in deployed.stderr
    assert "Downloading source code" in deployed.stderr


def test_a_local_build_without_an_engine_ends_with_5_and_names_the_other_way(cli: Command, deploy: list[str]) -> None:
    refused = cli(*deploy, "--build", "local", **NO_ENGINE)
    assert refused.exit_code == 5
    assert [error["code"] for error in refused.errors] == ["NoContainerEngine"]
    assert "--build remote" in refused.errors[0]["hint"]
