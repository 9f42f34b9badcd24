"""Whom the processes of web apps trust: the authorities of the world, and the emulator's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import certifi

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.spec import TlsMaterial

_FILE = "trust.pem"
# What Python's standard library and OpenSSL read, and what `requests` does, which Azure's client libraries use.
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def write_trust(home: Path, tls: TlsMaterial) -> None:
    """Write the authorities' certificates, in PEM, to a file of the home."""
    trust_file(home).write_text(Path(certifi.where()).read_text() + tls.ca_file.read_text())


def trust_file(home: Path) -> Path:
    """That file."""
    return home / _FILE


def trust_variables(file: str) -> dict[str, str]:
    """The environment variables by which a process is told of the file."""
    return dict.fromkeys(_VARIABLES, file)
