"""What the tests with a real container engine share. They use a running engine; engine.sh starts one."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from mlflow_azure.image.build_ca import read_build_ca
from mlflow_azure.image.context import server_context
from mlflow_azure.image.docker_build import build
from mlflow_azure.image.docker_engine import connect, engine_available
from tests.support.containers import Containers, names
from tests.support.emulated import Azure
from tests.support.local_runs import LocalRuns
from tests.support.real_registry import RealRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from tests.support.command import Command

BASE_IMAGES = ("python:3.11-slim-bookworm", "mlflow-azure/python:3.11-slim-bookworm")


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    there, why = engine_available()
    if not there:
        pytest.skip(f"{why}. To start one: sh tests/docker/engine.sh start")
    with closing(connect()) as client:
        yield client


@pytest.fixture(scope="session")
def base_image(engine: DockerClient) -> str:
    """The real base image or its stand-in, whichever the engine has."""
    there = names(engine)
    found = next((name for name in BASE_IMAGES if name in there), None)
    if found is None:
        pytest.skip(f"no base image: docker pull {BASE_IMAGES[0]}, or sh tests/docker/base-image.sh {BASE_IMAGES[1]}")
    return found


@pytest.fixture(scope="session")
def image(engine: DockerClient, base_image: str) -> str:
    """The MLflow image, as a deploy builds it."""
    context = server_context({"BASE_IMAGE": base_image})
    name = f"mlflow-azure-tests:{context.tag}"
    build(engine, context, name, lambda *_: None, deadline=Deadline(), build_ca=read_build_ca(None, os.environ))
    return name


@pytest.fixture
def containers(engine: DockerClient, image: str) -> Iterator[Containers]:
    """Runs containers of the MLflow image, and removes them with their volumes."""
    running = Containers(engine, image, f"mlflow-azure-tests-{uuid.uuid4().hex[:8]}")
    yield running
    running.remove()


@pytest.fixture
def local(cli: Command, engine: DockerClient, image: str, base_image: str) -> Iterator[LocalRuns]:
    """Local runs of a name of the test's own, gone after it with their data."""
    runs = LocalRuns(cli, engine, image.partition(":")[0], base_image)
    yield runs
    runs.clean()


@dataclass(frozen=True)
class Storage:
    """A storage account of the emulator, with a blob container."""

    account: str
    connection_string: str

    @property
    def artifact_root(self) -> str:
        return f"wasbs://mlflow@{self.account}.blob.core.windows.net/mlartefacts"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    home = Home(tmp_path / "emulator")
    azure = Azure(home, launcher.start(home))
    azure.resources.providers.register("Microsoft.Storage")
    group = azure.group()
    account = azure.account(group)
    azure.storage.blob_containers.create(group, account.name, "mlflow", {})
    key = azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
    endpoint = account.primary_endpoints.blob
    yield Storage(account.name, f"AccountName={account.name};AccountKey={key};BlobEndpoint={endpoint}")
    launcher.reset(home)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A real registry, for the user `user` with the password `right`."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.stop()
