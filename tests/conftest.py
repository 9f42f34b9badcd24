"""Fixtures that every kind of test uses."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator import client
from mlflow_azure.emulator.home import Home
from support.command import Command
from support.running_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture
def cli(tmp_path: Path) -> Command:
    """The command line, with an emulator home of its own, and no Azure account."""
    work = tmp_path / "work"
    work.mkdir()
    environ = {
        "MLFLOW_AZURE_EMULATOR_HOME": str(tmp_path / "emulator"),
        "MLFLOW_AZURE_EMULATOR_RUNTIME": "process",
        "AZURE_CONFIG_DIR": str(tmp_path / "azure"),
        "COLUMNS": "160",
    }
    return Command(work, environ)


@pytest.fixture(scope="session")
def image_bin() -> Path:
    """The `bin` of an environment with the locked packages of the image, as the Makefile keeps it."""
    subprocess.run(["make", "--silent", ".venv/mlflow-1.5.0/ready"], cwd=CHECKOUT, check=True)
    return CHECKOUT / ".venv" / "mlflow-1.5.0" / "bin"


@pytest.fixture
def emulator(cli: Command) -> Iterator[Emulator]:
    """A running emulator of the test's own."""
    home = Home(cli.directory.parent / "emulator")
    started = cli("emulator", "start")
    assert started.exit_code == 0, started.stderr
    try:
        yield Emulator(home)
    finally:
        client.stop(home)
