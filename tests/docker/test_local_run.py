"""`mlflow-azure local-run` with a real container engine."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.local_runs import large_artifact, wait_until_answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from tests.support.local_runs import LocalRuns


pytestmark = pytest.mark.docker


def test_a_run_with_a_large_artifact_outlives_restarts_of_container_and_command(
    local: LocalRuns, image_bin: Path
) -> None:
    environment = local("--detach").data["environment"]
    run = large_artifact(image_bin, environment)

    for part in ("", "-azurite"):
        local.container(part).restart()
        wait_until_answering(environment["MLFLOW_TRACKING_URI"])
    large_artifact(image_bin, environment, run)

    assert local("--stop").data == {"stopped": True, "container": local.name}
    assert local.left == []
    large_artifact(image_bin, local("--detach").data["environment"], run)


def test_a_second_run_changes_nothing(local: LocalRuns) -> None:
    first = local("--detach").data
    containers = [local.container(part).id for part in ("", "-azurite")]
    second = local("--detach")
    assert second.data == first
    assert [local.container(part).id for part in ("", "-azurite")] == containers
    assert second.stderr.count("unchanged") == 3


def test_another_setting_replaces_the_container_and_keeps_its_data(local: LocalRuns, image_bin: Path) -> None:
    environment = local("--detach").data["environment"]
    run = large_artifact(image_bin, environment)
    answer = local("--detach", "--mlflow-workers", "2")
    assert "replaced" in answer.stderr
    assert local.environment()["MLFLOW_SERVER_WORKERS"] == "2"
    large_artifact(image_bin, answer.data["environment"], run)


def test_the_container_is_set_up_as_app_service_sets_it_up(local: LocalRuns) -> None:
    local("--detach", "--storage-mount-point", "/data/store", "--mlflow-filestore", "/data/store/mlruns")
    wanted = {
        "WEBSITES_PORT": "5000",
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "true",
        "MLFLOW_SERVER_HOST": "0.0.0.0",
        "MLFLOW_SERVER_PORT": "5000",
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": "/data/store/mlruns",
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": "wasbs://mlflow@devstoreaccount1.blob.core.windows.net/mlartefacts",
    }
    assert wanted.items() <= local.environment().items()
    mounted = local.container().exec_run(["stat", "-c", "%a %U", "/data/store", "/data/store/mlruns/0"]).output
    assert isinstance(mounted, bytes)
    assert mounted.decode().splitlines() == ["777 root", "755 mlflow"]
    published = local.container().ports["5000/tcp"]
    assert published == [{"HostIp": "127.0.0.1", "HostPort": str(local.port)}]


def test_the_answer_is_what_a_shell_evaluates(local: LocalRuns) -> None:
    data = local("--detach").data
    text = local("--detach", "--output", "text")
    exports = [line.partition("=") for line in text.stdout.splitlines() if not line.startswith("#")]
    assert {name: value.strip("'") for name, _, value in exports} == {
        f"export {name}": value for name, value in data["environment"].items()
    }


def test_a_proxy_of_the_environment_is_not_in_the_way_and_clients_are_told(local: LocalRuns) -> None:
    through = local("--detach", HTTP_PROXY="http://127.0.0.1:9")
    assert through.exit_code == 0
    assert "NO_PROXY=127.0.0.1" in through.stderr
    assert "NO_PROXY" not in local("--detach", HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1").stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_takes_everything_down_but_the_data(local: LocalRuns, number: signal.Signals) -> None:
    with local.follow() as running:
        wait_until_answering(f"http://127.0.0.1:{local.port}")
        running.send_signal(number)
        stdout, _ = running.communicate(timeout=60)
    assert running.returncode == 128 + number
    assert stdout.count('"status": "ok"') == 1
    assert local.left == []
    assert local.volumes == {"-mlruns", "-artifacts"}


def test_a_server_that_someone_else_stops_ends_the_command_and_its_azurite(local: LocalRuns) -> None:
    with local.follow() as running:
        local.container().stop()
        _, stderr = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "The server was stopped." in stderr
    assert local.left == []


def test_a_restart_does_not_end_the_command(local: LocalRuns) -> None:
    with local.follow() as running:
        local.container().restart()
        wait_until_answering(f"http://127.0.0.1:{local.port}")
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 130


def test_a_port_in_use_is_named_before_anything_is_made(local: LocalRuns) -> None:
    with closing(socket.create_server(("127.0.0.1", local.port))):
        refused = local("--detach")
    assert refused.exit_code == 5
    assert [error["code"] for error in refused.errors] == ["PortInUse"]
    assert str(local.port) in refused.errors[0]["message"]
    assert f"--port {local.port + 1}" in refused.errors[0]["hint"]
    assert local.left == []


def test_a_container_of_someone_else_is_left_alone(local: LocalRuns, engine: DockerClient, base_image: str) -> None:
    foreign = engine.containers.create(base_image, ["true"], name=local.name)
    try:
        refused = local("--detach")
        assert refused.exit_code == 5
        assert [error["code"] for error in refused.errors] == ["NameInUse"]
        assert "--name" in refused.errors[0]["hint"]
        assert local("--stop").data["stopped"] is False
        assert local.left == [local.name]
    finally:
        foreign.remove()


def test_a_container_that_ends_at_once_shows_its_last_lines_and_is_gone(local: LocalRuns) -> None:
    refused = local("--detach", "--mlflow-host", "192.0.2.250")
    assert refused.exit_code == 5
    (error,) = refused.errors
    assert error["code"] == "ContainerEnded"
    assert "192.0.2.250" in error["message"]
    assert "settings" in error["hint"]
    assert local.left == []
    assert local("--detach").exit_code == 0


def test_a_base_image_that_cannot_be_pulled_is_named(local: LocalRuns) -> None:
    local.base_image = f"localhost:{free_port()}/python:3.11"
    refused = local("--detach")
    assert refused.exit_code == 5
    (error,) = refused.errors
    assert error["code"] == "BaseImageUnavailable"
    assert local.base_image.partition("/")[0] in error["message"]
    assert "--docker-base-image" in error["hint"]
    assert local.left == []


KEY = "c29tZSBrZXkgdGhhdCBub2JvZHkgbWF5IHNlZQ=="


@pytest.fixture
def account(engine: DockerClient, local: LocalRuns) -> Iterator[str]:
    """The connection string of a storage account that this machine and containers reach at the same address."""
    local("--detach")
    image = local.container("-azurite").image
    assert image
    local("--stop")
    address, port = own_address(), free_port()
    running = engine.containers.run(
        image,
        [*image.attrs["Config"]["Cmd"], "--blobPort", str(port)],
        environment={"AZURITE_ACCOUNTS": f"devstoreaccount1:{KEY}"},
        network_mode="host",
        detach=True,
    )
    yield f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint=http://{address}:{port}"
    running.remove(force=True)


def own_address() -> str:
    """The address of this machine on its network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address: str = probe.getsockname()[0]
        return address


def test_the_storage_account_of_the_environment_is_used_and_its_key_shown_nowhere(
    local: LocalRuns, account: str, image_bin: Path
) -> None:
    started = local("--detach", "--storage-connection-string", AZURE_STORAGE_CONNECTION_STRING=account)
    assert started.data["storage"] == {"kind": "azure", "account": "devstoreaccount1", "container": "mlflow"}
    assert KEY not in started.stdout + started.stderr
    assert local.left == [local.name, local.name]
    environment = {**started.data["environment"], "AZURE_STORAGE_CONNECTION_STRING": account}
    large_artifact(image_bin, environment, large_artifact(image_bin, environment))


def test_a_storage_account_that_refuses_the_key_is_named_before_the_server_starts(
    local: LocalRuns, account: str
) -> None:
    wrong = account.replace(KEY, "d3Jvbmc=")
    refused = local("--detach", "--storage-connection-string", AZURE_STORAGE_CONNECTION_STRING=wrong)
    assert refused.exit_code == 4
    assert "devstoreaccount1" in refused.errors[0]["message"]
    assert local.left == []
