"""The image as a running container."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.containers import VARIABLES
from tests.support.mlflow_client import log_run
from tests.support.mlflow_server import attacks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.containers import Containers

    from .conftest import Storage

pytestmark = [pytest.mark.docker, pytest.mark.slow]

READ_ONLY = {"read_only": True, "tmpfs": {"/tmp": ""}, "cap_drop": ["ALL"]}


def test_it_serves_the_page_and_the_api(containers: Containers) -> None:
    server = containers.serve()
    page = server.get("/").text
    files = re.findall(r'(?:src|href)="[./]*(static-files/[^"]+)"', page)
    assert {server.get(f"/{file}").status_code for file in files} == {200}
    assert server.get("/api/2.0/mlflow/experiments/list").json()["experiments"][0]["name"] == "Default"


def test_the_mlflow_1_5_0_client_works_end_to_end_with_artifacts_in_azure(
    containers: Containers, storage: Storage, image_bin: Path
) -> None:
    server = containers.serve(
        environment={
            "MLFLOW_SERVER_PORT": str(free_port()),
            "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": storage.artifact_root,
            "AZURE_STORAGE_CONNECTION_STRING": storage.connection_string,
            "ENABLE_SSH": "false",
        },
        network_mode="host",  # the emulated storage listens on loopback only
        ports={},
    )
    run = log_run(image_bin, server.url, AZURE_STORAGE_CONNECTION_STRING=storage.connection_string)
    assert server.get("/get-artifact", params={"run_uuid": run, "path": "all/sub/notes.txt"}).text == "notes"
    listed = server.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run}).json()["files"]
    assert [file["path"] for file in listed] == ["all", "model.txt"]


def test_stopping_it_ends_it_with_zero(containers: Containers) -> None:
    server = containers.serve()
    server.container.stop(timeout=30)
    assert server.container.wait()["StatusCode"] == 0


def test_mlflow_is_the_first_process_and_has_no_privileges(containers: Containers) -> None:
    server = containers.serve()
    status = server.execute("cat", "/proc/1/status")
    assert "gunicorn" in server.execute("cat", "/proc/1/cmdline")
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_the_health_check_tells_a_server_that_answers(containers: Containers) -> None:
    server = containers.serve()
    assert server.container.image
    check = server.container.image.attrs["Config"]["Healthcheck"]["Test"][1:]
    server.execute(*check)
    stopped = server.container.exec_run(check, environment={"MLFLOW_SERVER_PORT": "5001"})
    assert stopped.exit_code == 1


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_missing_variable_ends_it_with_a_sentence_that_names_it(containers: Containers, name: str) -> None:
    container = containers.run(without=(name,), environment={"ENABLE_SSH": "false"})
    assert container.wait()["StatusCode"] == 2
    assert container.logs().decode().startswith(f"mlflow: {name} is not set")


def test_every_variable_counts(containers: Containers) -> None:
    server = containers.serve(
        environment={
            "MLFLOW_SERVER_HOST": "::",
            "MLFLOW_SERVER_PORT": "8080",
            "MLFLOW_SERVER_WORKERS": "3",
            "MLFLOW_SERVER_FILE_STORE": "/mlruns/elsewhere",
            "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": "wasbs://other@account.blob.core.windows.net/root",
        },
        ports={"8080/tcp": ("127.0.0.1", 0)},
        sysctls={"net.ipv6.conf.all.disable_ipv6": "0"},
    )
    while str(server.container.top()).count("bin/gunicorn") < 1 + 3:
        time.sleep(0.1)
    assert "meta.yaml" in server.execute("ls", "/mlruns/elsewhere/0")
    experiment = server.get("/api/2.0/mlflow/experiments/get?experiment_id=0").json()["experiment"]
    assert experiment["artifact_location"] == "wasbs://other@account.blob.core.windows.net/root/0"


@pytest.mark.parametrize("user", [None, "10001"])
def test_it_works_with_a_read_only_root_and_no_capabilities(containers: Containers, user: str | None) -> None:
    server = containers.serve(user=user, volumes=[f"{containers.volume}:/mlruns"], **READ_ONLY)
    run = server.create_run()
    assert server.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code == 200
    server.container.stop(timeout=30)
    assert server.container.wait()["StatusCode"] == 0


def test_what_was_logged_survives_a_restart_and_a_new_container(containers: Containers) -> None:
    volumes = [f"{containers.volume}:/mlruns"]
    server = containers.serve(volumes=volumes)
    run = server.create_run()
    server.container.restart()
    restarted = containers.serving(server.container)
    another = containers.serve(volumes=volumes)
    for again in (restarted, another):
        assert again.get(f"/api/2.0/mlflow/runs/get?run_id={run}").status_code == 200


def test_the_published_attack_is_refused_and_the_victim_intact(containers: Containers) -> None:
    server = containers.serve()
    server.execute("python", "-c", "open('/tmp/victim', 'w').write('precious')")
    server.execute("chmod", "666", "/tmp/victim")
    for target in attacks(server.create_run(), "/tmp/victim"):
        status, text = server.get_raw(target)
        assert status in (400, 500), target
        assert "precious" not in text
    assert server.execute("cat", "/tmp/victim") == "precious"


def test_ssh_takes_the_right_password_only_and_shows_the_app_settings(containers: Containers) -> None:
    server = containers.serve(environment={"A_SETTING": 'it\'s a "value" with $signs'})
    login = server.ssh("id -un; env")
    assert login.returncode == 0, login.stderr
    assert login.stdout.startswith("root\n")
    assert 'A_SETTING=it\'s a "value" with $signs\n' in login.stdout
    assert f"AZURE_STORAGE_CONNECTION_STRING={VARIABLES['AZURE_STORAGE_CONNECTION_STRING']}\n" in login.stdout
    assert server.ssh("exit 7").returncode == 7
    for wrong in ("docker!", "Docker", ""):
        refused = server.ssh("id", wrong)
        assert refused.returncode == 255
        assert "Permission denied" in refused.stderr


def test_the_host_keys_of_two_containers_differ(containers: Containers) -> None:
    keys = set()
    for _ in range(2):
        server = containers.serve()
        assert server.ssh("true").returncode == 0  # they are made in the background
        keys.add(server.execute("cat", "/etc/ssh/ssh_host_ed25519_key.pub"))
    assert len(keys) == 2


def test_sshd_is_left_out_when_it_is_not_wanted(containers: Containers) -> None:
    server = containers.serve(environment={"ENABLE_SSH": "false"})
    assert "sshd" not in str(server.container.top())
