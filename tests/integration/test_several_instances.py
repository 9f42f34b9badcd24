"""Many clients log runs to three instances of MLflow 3: real server processes behind the front of the web app.

`make load` does the same with more clients and runs, and prints figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.load import SeveralInstances, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.command import Command
    from tests.support.load import Load
    from tests.support.running_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CLIENTS, RUNS = 8, 60
RETRIES = CLIENTS
"""How many requests can be under way, and so be sent again, when an instance goes away."""


@pytest.fixture(scope="module")
def several(shared_cli: Command, shared_emulator: Emulator) -> SeveralInstances:
    return SeveralInstances.deployed(shared_cli, shared_emulator.home, 3)


def loaded(
    several: SeveralInstances, mlflow_3_bin: Path, name: str, meanwhile: Callable[[], None] | None = None
) -> Load:
    python = mlflow_3_bin / "python"
    return load(python, several.url, name, clients=CLIENTS, runs=RUNS, meanwhile=meanwhile)


def test_what_many_clients_log_at_once_is_there_once(several: SeveralInstances, mlflow_3_bin: Path) -> None:
    done = loaded(several, mlflow_3_bin, "quiet")
    assert (done.failures, done.lost, done.doubled, done.left) == ([], [], [], 0)


def test_no_client_fails_when_an_instance_is_killed(several: SeveralInstances, mlflow_3_bin: Path) -> None:
    before = several.processes()
    done = loaded(several, mlflow_3_bin, "killed", several.kill_one)
    assert (done.failures, done.lost, done.doubled) == ([], [], [])
    assert done.left <= RETRIES
    after = several.wait_until_replaced(before, 1)
    assert after.keys() == before.keys()


def test_no_client_fails_while_a_new_image_comes(several: SeveralInstances, mlflow_3_bin: Path) -> None:
    before = several.processes()
    done = loaded(several, mlflow_3_bin, "rolled", several.deploy_another_image)
    assert (done.failures, done.lost, done.doubled) == ([], [], [])
    assert done.left <= RETRIES
    several.wait_until_replaced(before, 3)
