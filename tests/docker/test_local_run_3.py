"""`mlflow-azure local-run --mlflow 3` with a real container engine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.environments import environment
from tests.support.local_runs import large_artifact

if TYPE_CHECKING:
    from docker import DockerClient

    from tests.support.local_runs import LocalRuns

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
THREE = ("--detach", "--mlflow", "3")
WITH_POSTGRES = (*THREE, "--postgres")


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python with today's client."""
    return environment("examples-newest") / "python"


def log(python: Path, environment: dict[str, str], *run: str) -> str:
    """Log a run with artifact and model, or check the run of that id; its id."""
    script = CHECKOUT / "tests" / "support" / "log_3.py"
    environ = {"PATH": str(python.parent), **environment}
    done = subprocess.run([python, script, *run], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_by_default_runs_are_in_a_file_and_artifacts_in_azurite_and_clients_need_the_url_only(
    local: LocalRuns, python: Path
) -> None:
    data = local(*THREE).data
    assert data["database"] == {"kind": "sqlite", "volume": f"{local.name}-sqlite"}
    assert data["storage"]["kind"] == "azurite"
    assert data["environment"] == {"MLFLOW_TRACKING_URI": data["url"]}
    run = log(python, data["environment"])
    blobs = local.container("-azurite").exec_run(["find", "/data/__blobstorage__", "-type", "f"]).output
    assert isinstance(blobs, bytes)
    assert len(blobs.splitlines()) == 1

    local("--stop")
    assert local.volumes == {"-sqlite", "-artifacts-3"}
    log(python, local(*THREE).data["environment"], run)


def test_postgresql_has_a_container_of_its_own_and_its_password_is_shown_nowhere(
    local: LocalRuns, python: Path
) -> None:
    started = local(*WITH_POSTGRES)
    assert started.data["database"] == {"kind": "postgres", "volume": f"{local.name}-postgres"}
    run = log(python, started.data["environment"])
    parts = ("", "-azurite", "-postgres")
    containers = [local.container(part).id for part in parts]
    again = local(*WITH_POSTGRES)
    assert [local.container(part).id for part in parts] == containers
    password = local.environment("-postgres")["POSTGRES_PASSWORD"]
    assert len(password) > 20
    assert password not in started.stdout + started.stderr + again.stdout + again.stderr
    assert not any(local.container("-postgres").ports.values())  # of this machine

    local("--stop")
    assert local.left == []
    log(python, local(*WITH_POSTGRES).data["environment"], run)
    assert local.environment("-postgres")["POSTGRES_PASSWORD"] != password


def test_a_database_that_was_killed_while_it_was_made_is_made_anew(
    local: LocalRuns, engine: DockerClient, python: Path
) -> None:
    local(*WITH_POSTGRES)
    spoil = ["sh", "-c", "mv /data/cluster /data/new && rm /data/new/pg_hba.conf"]
    local.container("-postgres").exec_run(spoil, user="root")
    local("--stop")
    log(python, local(*WITH_POSTGRES).data["environment"])


def test_the_data_of_1_5_0_stays_and_is_not_mixed_with_that_of_3(
    local: LocalRuns, python: Path, image_bin: Path
) -> None:
    old = large_artifact(image_bin, local("--detach").data["environment"])

    changed = local(*WITH_POSTGRES)
    assert "replaced" in changed.stderr
    url = changed.data["url"]
    found = requests.post(f"{url}/api/2.0/mlflow/runs/search", json={"experiment_ids": ["0"]}, timeout=60).json()
    assert "runs" not in found
    new = log(python, changed.data["environment"])

    large_artifact(image_bin, local("--detach").data["environment"], old)
    assert sorted(local.left) == [local.name, local.name, f"{local.name}-azurite"]  # its network has the name, too
    log(python, local(*WITH_POSTGRES).data["environment"], new)


def test_a_wrong_password_does_not_open_the_database(local: LocalRuns) -> None:
    local(*WITH_POSTGRES)
    refused = local.container("-postgres").exec_run(
        ["sh", "-c", "PGPASSWORD=mlflow /usr/lib/postgresql/*/bin/psql -h localhost -U mlflow -c 'select 1' mlflow"]
    )
    assert refused.exit_code == 2
    assert isinstance(refused.output, bytes)
    assert b"password authentication failed" in refused.output
