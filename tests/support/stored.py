"""What is stored in a deployment, as the SDK sees it, and things to store there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure.storage.blob import ContainerClient
from azure.storage.fileshare import ShareServiceClient

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

NAME = "mlflow"


@dataclass(frozen=True)
class Stored:
    """The file share and the blob container of a deployment."""

    emulator: Emulator
    cli: Command

    @property
    def account(self) -> Any:
        group = self.cli.environ.get("RG_NAME", "mlflow-rg")
        accounts = list(self.emulator.azure.storage.storage_accounts.list_by_resource_group(group))
        assert len(accounts) == 1
        return accounts[0]

    @property
    def connection(self) -> str:
        account = self.account
        group = self.cli.environ.get("RG_NAME", "mlflow-rg")
        key = self.emulator.azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
        ends = account.primary_endpoints
        return f"AccountName={account.name};AccountKey={key};BlobEndpoint={ends.blob};FileEndpoint={ends.file}"

    @property
    def share(self) -> Path:
        """The share as a web app mounts it."""
        return self.emulator.home.root / "shares" / self.account.name / NAME

    def write(self, **files: bytes) -> None:
        """Write files into the share, as a server does."""
        self.write_all(files)

    def write_all(self, files: dict[str, bytes]) -> None:
        share = self.share
        for name, content in files.items():
            (share / name).parent.mkdir(parents=True, exist_ok=True)
            (share / name).write_bytes(content)

    @property
    def container(self) -> ContainerClient:
        return ContainerClient.from_connection_string(self.connection, NAME)

    def upload(self, blobs: dict[str, bytes]) -> None:
        """Write blobs, as a client does."""
        container = self.container
        for name, content in blobs.items():
            container.upload_blob(name, content, overwrite=True)

    def files(self) -> dict[str, str]:
        """Everything in the share: SHA-256 by name, and "directory" for directories."""
        share = self.share
        return {
            path.relative_to(share).as_posix(): "directory" if path.is_dir() else _sha(path.read_bytes())
            for path in share.rglob("*")
        }

    def blobs(self) -> dict[str, str]:
        """Everything in the container: SHA-256 by name."""
        container = self.container
        return {blob.name: _sha(container.download_blob(blob.name).readall()) for blob in container.list_blobs()}

    def snapshots(self) -> list[str]:
        """The snapshots of the share."""
        service = ShareServiceClient.from_connection_string(
            self.connection, connection_verify=self.emulator.azure.endpoint["ca_file"]
        )
        return [str(each.snapshot) for each in service.list_shares(include_snapshots=True) if each.snapshot]


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
