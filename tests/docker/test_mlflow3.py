"""The image of MLflow 3: what is in it, and as a running container."""

from __future__ import annotations

import os
import re
import uuid
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.image.build_ca import read_build_ca
from mlflow_azure.image.context import server_context
from mlflow_azure.image.docker_build import build
from tests.support.containers import Containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.slow]

MEGABYTE = 1_000_000
OF_3 = {
    "MLFLOW_SERVER_DATABASE_URI": "sqlite:////tmp/mlflow.db",
    "MLFLOW_SERVER_ARTIFACT_DESTINATION": "/tmp/artifacts",
}
READ_ONLY = {"read_only": True, "tmpfs": {"/tmp": ""}, "cap_drop": ["ALL"]}


@pytest.fixture(scope="module")
def image(engine: DockerClient, base_image: str) -> str:
    context = server_context({"BASE_IMAGE": base_image}, version="3")
    name = f"mlflow-azure-tests:{context.tag}"
    build(engine, context, name, lambda *_: None, deadline=Deadline(), build_ca=read_build_ca(None, os.environ))
    return name


@pytest.fixture
def containers(engine: DockerClient, image: str) -> Iterator[Containers]:
    running = Containers(engine, image, f"mlflow-azure-tests-{uuid.uuid4().hex[:8]}")
    yield running
    running.remove()


def test_it_is_small(engine: DockerClient, image: str) -> None:
    assert engine.images.get(image).attrs["Size"] < 430 * MEGABYTE


@pytest.mark.parametrize("user", [None, "10001"])
def test_it_works_with_a_read_only_root_and_no_capabilities(containers: Containers, user: str | None) -> None:
    server = containers.serve(user=user, environment=OF_3, **READ_ONLY)
    run = server.create_run()
    assert server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code == 200
    server.container.stop(timeout=30)
    assert server.container.wait()["StatusCode"] == 0


def test_mlflow_is_the_first_process_and_has_no_privileges(containers: Containers) -> None:
    server = containers.serve(environment=OF_3)
    status = server.execute("cat", "/proc/1/status")
    assert "mlflow3_app" in server.execute("cat", "/proc/1/cmdline")
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_the_health_check_passes_though_only_the_sites_names_are_allowed(containers: Containers) -> None:
    server = containers.serve(environment={**OF_3, "MLFLOW_SERVER_ALLOWED_HOSTS": "mlflow-1234.azurewebsites.net"})
    assert server.container.image
    server.execute(*server.container.image.attrs["Config"]["Healthcheck"]["Test"][1:])


def test_ssh_takes_the_right_password_only(containers: Containers) -> None:
    server = containers.serve(environment=OF_3)
    assert server.ssh("id -un").stdout == "root\n"
    assert server.ssh("id", "wrong").returncode == 255
