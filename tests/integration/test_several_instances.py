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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CLIENTS, RUNS = 8, 60


@pytest.fixture(scope="module")
def several(shared_cli: Command, shared_emulator: Emulator) -> SeveralInstances:
    return SeveralInstances.deployed(shared_cli, shared_emulator.home, 3)


def test_what_many_clients_log_at_once_is_there_once(several: SeveralInstances, mlflow_3_bin: Path) -> None:
    done = load(mlflow_3_bin / "python", several.url, "quiet", clients=CLIENTS, runs=RUNS)
    assert (done.failures, done.lost, done.doubled, done.left) == ([], [], [], 0)
