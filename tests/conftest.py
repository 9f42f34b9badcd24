"""Fixtures that every kind of test uses."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.command import Command, isolated
from tests.support.environments import environment
from tests.support.running_emulator import Emulator, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A run in the background of a shell without job control ignores SIGINT, and so would the commands that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: what the tests start has to be waited for."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def cli(tmp_path: Path, request: pytest.FixtureRequest) -> Command:
    """The command line, with an emulator home of its own, and no Azure account."""
    return isolated(tmp_path, light=request.node.get_closest_marker("light") is not None)


@pytest.fixture(scope="session")
def image_bin() -> Path:
    """The `bin` of an environment with the locked packages of the image, as the Makefile keeps it."""
    return environment("mlflow-1.5.0")


@pytest.fixture(scope="session")
def mlflow_3_bin() -> Path:
    """The `bin` of an environment with the locked packages of MLflow 3's image, as the Makefile keeps it."""
    return environment("mlflow-3")


@pytest.fixture
def emulator(cli: Command) -> Iterator[Emulator]:
    """A running emulator of the test's own."""
    with started(cli) as emulator:
        yield emulator
