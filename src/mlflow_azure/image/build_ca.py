"""The certificates that a build has to trust, such as those of a proxy that inspects TLS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE")
"""The usual variables for such certificates; the first that is set counts."""


def read_build_ca(file: Path | None, environ: Mapping[str, str]) -> bytes | None:
    """Return the certificates (PEM) in `file`, or in the file that one of VARIABLES names, or None.

    Raises:
        SettingsError: The file cannot be read, or contains no certificate.

    """
    if file is not None:
        return _certificates(file, "--build-ca")
    for name in VARIABLES:
        if value := environ.get(name):
            return _certificates(Path(value), name)
    return None


def _certificates(file: Path, source: str) -> bytes:
    hint = "Give the file with your company's certificates: --build-ca FILE"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"reading {file} ({source}): {error.strerror}", hint=hint) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise SettingsError(f"reading {file} ({source}): it contains no PEM certificate", hint=hint)
    return content
