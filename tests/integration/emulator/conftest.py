"""One emulator for all tests here, and homes for tests that start their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from tests.support.emulated import Azure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROVIDERS = tuple(
    f"Microsoft.{name}" for name in ("Storage", "ContainerRegistry", "Web", "DBforPostgreSQL", "ManagedIdentity")
)


def register(azure: Azure) -> None:
    """Have every provider registered, whatever an earlier test did."""
    azure.control("PUT", "providers", dict.fromkeys(PROVIDERS, "Registered"))


@pytest.fixture(scope="session")
def emulator_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("emulator") / "home")
    yield home
    launcher.reset(home)


@pytest.fixture(scope="session")
def shared_azure(emulator_home: Home) -> Azure:
    azure = Azure(emulator_home, launcher.start(emulator_home))
    register(azure)
    return azure


@pytest.fixture
def azure(shared_azure: Azure) -> Iterator[Azure]:
    """The emulator of the test session, without the orders of an earlier test."""
    register(shared_azure)
    yield shared_azure
    shared_azure.control("DELETE", "faults")
    shared_azure.control("PUT", "latency", {"profile": "none"})
    shared_azure.control("PUT", "quirks", {})
    shared_azure.control("PUT", "cloud", {})
    shared_azure.control("PUT", "names", {})
    shared_azure.control("PUT", "quota", {})
    shared_azure.control("PUT", "policies", {})
    shared_azure.control("PUT", "cpu", {})
    shared_azure.control("PUT", "vault", {})
    shared_azure.control("PUT", "permissions", {"actions": ["*"], "notActions": []})
    shared_azure.clean_up()


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Home]:
    """A home whose emulator a test starts and stops itself."""
    home = Home(tmp_path / "home")
    yield home
    launcher.reset(home)
