"""Fixtures that every kind of test uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mlflow_azure.emulator.home import Home

from mlflow_azure.emulator import client
from support.command import Command
from support.running_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
