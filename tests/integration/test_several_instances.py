"""Many clients log runs to three instances of MLflow 3: real server processes behind the front of the web app.

`make load` does the same with more clients and runs, and prints figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.load import SeveralInstances, load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.timeout(1800)]

CLIENTS, RUNS = 6, 30


@pytest.fixture(scope="module")
def several(shared_cli: Command, shared_emulator: Emulator) -> SeveralInstances:
    return SeveralInstances.deployed(shared_cli, shared_emulator.home, 3)


def test_an_instance_that_is_killed_costs_no_client_a_run_and_doubles_none(
    several: SeveralInstances, mlflow_3_bin: Path
) -> None:
    victim = several.servers()[0].process
    done = load(mlflow_3_bin / "python", several.url, "kill", clients=CLIENTS, runs=RUNS, meanwhile=several.kill_one)
    assert not victim.is_running()
    assert (done.failures, done.lost, done.doubled, done.left) == ([], [], [], 0)


def test_an_image_that_is_rolled_through_all_instances_costs_no_client_a_request(
    several: SeveralInstances, mlflow_3_bin: Path
) -> None:
    done = load(
        mlflow_3_bin / "python",
        several.url,
        "roll",
        clients=CLIENTS,
        runs=RUNS,
        pause=0.5,
        meanwhile=several.roll_another_image_through,
    )
    assert (done.failures, done.lost, done.doubled, done.left, done.repeated) == ([], [], [], 0, [])
