"""The data of a deployment: the sources of a backup, and the targets of a restore.

For MLflow 3, whose runs are in a database, see transfer/stored_database.py.
"""

from __future__ import annotations

import posixpath
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow_azure import __version__, engine
from mlflow_azure.azure.data_plane import SharedKey
from mlflow_azure.data.blobs import Blobs
from mlflow_azure.data.manifest import Manifest, Part
from mlflow_azure.data.share_files import ShareFiles
from mlflow_azure.deployment.features.enabled import MINIMUM
from mlflow_azure.deployment.features.version import live_version
from mlflow_azure.deployment.stack import file_share_stack
from mlflow_azure.deployment.transfer.stored_database import DATABASE
from mlflow_azure.image.serving import ARTIFACT_PATH, artifact_root
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.data.parts import Source, Target
    from mlflow_azure.engine.node import Properties
    from mlflow_azure.settings import Settings

SHARE, CONTAINER = "share", "container"
"""The folders of a backup."""


def as_deployed(azure: Azure, settings: Settings) -> Settings:
    """Return the settings of the deployed MLflow version, whichever version they name."""
    return replace(settings, mlflow_version=live_version(azure, settings) or settings.mlflow_version)


def new_backup(settings: Settings, *, artifacts: bool) -> Manifest:
    """Return the manifest of a new backup of the deployment."""
    of_3 = settings.mlflow_version == POSTGRES
    parts = [
        Part(DATABASE, settings.postgres_database_name, DATABASE)
        if of_3
        else Part(ShareFiles.kind, settings.storage_file_share_name, SHARE)
    ]
    if artifacts:
        parts.append(Part(Blobs.kind, settings.storage_container_name, CONTAINER))
    return Manifest(
        id=str(uuid.uuid4()),
        mlflow_azure_version=__version__,
        mlflow_version=settings.mlflow_version,
        deployment={
            "subscription_id": settings.subscription_id,
            "resource_group": settings.rg_name,
            "storage_account": settings.storage_account_name,
            "web_app": settings.web_app_name,
        },
        artifact_root=artifact_root(settings),
        file_store=None if of_3 else posixpath.join(SHARE, _file_store(settings)),
        began=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        parts=tuple(parts),
    )


def _file_store(settings: Settings) -> str:
    """Return the path of the file store in the share."""
    return posixpath.relpath(settings.mlflow_filestore, settings.storage_mount_point)


@dataclass(frozen=True)
class StoredData:
    """The storage of a deployment.

    Attributes:
        account: The storage account's outputs: its name, keys, connection_string and blob_endpoint.

    """

    azure: Azure
    settings: Settings
    account: Properties

    @property
    def name(self) -> str:
        """Identifies it: account, share and container."""
        settings = self.settings
        names = (settings.storage_account_name, settings.storage_file_share_name, settings.storage_container_name)
        return "/".join(names)

    def _blobs(self) -> Blobs:
        access = SharedKey(self.account["name"], next(iter(self.account["keys"].values())))
        return Blobs(self.azure.cloud, self.account["blob_endpoint"], access, self.settings.storage_container_name)

    def _share(self, *, backup: str | None = None, initial: Collection[str] = ()) -> ShareFiles:
        name, connection = self.settings.storage_file_share_name, self.account["connection_string"]
        return ShareFiles(self.azure.cloud, connection, name, backup=backup, initial=initial)

    def sources(self, backup: Manifest) -> list[tuple[Source, str]]:
        """Return the sources of a backup, each with its folder."""
        made: dict[str, Source] = {ShareFiles.kind: self._share(backup=backup.id), Blobs.kind: self._blobs()}
        return [(made[part.kind], part.folder) for part in backup.parts]

    def targets(self) -> Mapping[str, Target]:
        """Return the targets of a restore by kind: artifacts first, so that no run appears before its artifacts."""
        # MLflow writes this when it starts on an empty share: the experiment "Default".
        default = posixpath.normpath(posixpath.join(_file_store(self.settings), "0", "meta.yaml"))
        return {Blobs.kind: self._blobs(), ShareFiles.kind: self._share(initial=(default,))}


def stored_data(azure: Azure, settings: Settings) -> StoredData:
    """Return the storage of a 1.5.0 deployment. Raises MlflowAzureError if there is none (NotDeployed)."""
    stack = file_share_stack(azure, settings, MINIMUM, None, None)
    needed = [each for each in (stack.account, stack.share) if each]
    readings = engine.read(needed, azure.deadline, required=needed)
    return StoredData(azure, settings, readings[stack.account].outputs or {})


def local_layout(backup: Manifest, out: Path) -> Mapping[str, tuple[Path, Path, str]]:
    """Return the layout of a backup for plain MLflow by kind: folder, folder for the rest, and prefix to strip."""
    return {
        Blobs.kind: (out / "artifacts", out / CONTAINER, ARTIFACT_PATH),
        ShareFiles.kind: (out / "mlruns", out / SHARE, store_in_share(backup)),
    }


def store_in_share(backup: Manifest) -> str:
    """Return the path of the file store in a backup's share; empty if it is the share itself."""
    store = posixpath.relpath(str(backup.file_store), SHARE)
    return "" if store == "." else store
