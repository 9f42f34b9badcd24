"""The certificate authority of one home, and the certificate of its servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trustme

from mlflow_azure.emulator.runtime import TlsMaterial

if TYPE_CHECKING:
    from pathlib import Path

# `host.docker.internal` is this machine for containers of its engine.
# The suffix after the service in an account's endpoint. Like Azure's it begins with "core": Microsoft's
# client library of file shares finds the account's name in front of ".file.core."
# (github.com/Azure/azure-sdk-for-python, azure-storage-file-share, _shared/base_client.py).
STORAGE_SUFFIX = "core.localhost"
_STORAGE = (f"*.blob.{STORAGE_SUFFIX}", f"*.file.{STORAGE_SUFFIX}")  # which `name_proxy` forwards to
SERVER_NAMES = ("localhost", "127.0.0.1", "::1", *_STORAGE, "host.docker.internal")


def tls_material(root: Path) -> TlsMaterial:
    """Return the certificates in directory `root`, created on first use and kept: clients trust the authority."""
    material = TlsMaterial(root / "ca.pem", root / "server.pem", root / "server.key")
    if not material.ca_file.exists():
        _issue(material)
    return material


def _issue(material: TlsMaterial) -> None:
    authority = trustme.CA(organization_name="mlflow-azure emulator")
    server = authority.issue_cert(*SERVER_NAMES)
    material.key_file.touch(mode=0o600)
    server.private_key_pem.write_to_path(material.key_file)
    for index, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(material.cert_file, append=index > 0)
    # Written last: it marks the others as complete.
    authority.cert_pem.write_to_path(material.ca_file)
