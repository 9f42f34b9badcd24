"""Fixtures of the runtime's tests."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import requests
import trustme
from runtime_support import Emulated

from mlflow_azure.emulator.runtime import Mount, TlsMaterial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsMaterial:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    certificate.private_key_pem.write_to_path(directory / "server.key")
    certificate.cert_chain_pems[0].write_to_path(directory / "server.pem")
    return TlsMaterial(directory / "ca.pem", directory / "server.pem", directory / "server.key")


@pytest.fixture
def emulated(tmp_path: Path, tls: TlsMaterial) -> Iterator[Emulated]:
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
def mount(emulated: Emulated) -> Mount:
    return Mount("mlruns", emulated.runtime.shares.ensure("account1", "mlflow"), "/mlruns")


@pytest.fixture
def trusting(tls: TlsMaterial) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls.ca_file))
