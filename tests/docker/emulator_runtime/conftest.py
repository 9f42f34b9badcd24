"""A runtime that uses the container engine."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.runtime_support import Emulated, issue_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow_azure.emulator.runtime import TlsMaterial


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsMaterial:
    return issue_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def emulated(tmp_path: Path, tls: TlsMaterial, base_image: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    monkeypatch.setenv("MLFLOW_AZURE_EMULATOR_RUNTIME", "container")
    monkeypatch.setenv("MLFLOW_AZURE_EMULATOR_BASE_IMAGE", base_image)
    running = Emulated(tmp_path / "home", tls)
    yield running
    running.close()


@pytest.fixture
def https(tls: TlsMaterial) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(tls.ca_file)
        yield session


@pytest.fixture
def trusting(tls: TlsMaterial) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls.ca_file))
