"""The certificate authorities that web apps' processes trust: the public ones and the emulator's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import certifi

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.spec import TlsMaterial

_FILE = "trust.pem"
# Variables for Python's standard library and OpenSSL, and for `requests`, which Azure's client libraries use.
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def write_trust(home: Path, tls: TlsMaterial) -> None:
    """Write the authorities' certificates, in PEM, to a file of the home."""
    trust_file(home).write_text(Path(certifi.where()).read_text() + tls.ca_file.read_text())


def trust_file(home: Path) -> Path:
    """Path of that file."""
    return home / _FILE


def trust_variables(file: str) -> dict[str, str]:
    """Return the environment variables that point a process to the file."""
    return dict.fromkeys(_VARIABLES, file)
