"""The artifacts: a blob container. Blobs are read as they are listed; a container cannot be frozen."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.data_plane import SharedKey, storage_credential, storage_options
from mlflow_azure.azure.refusals import doing
from mlflow_azure.data import crew, ranges
from mlflow_azure.data.parts import Directories, Folder, Found, Item, ItemChangedError, Moved, Transfer

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from azure.core.credentials import AzureSasCredential
    from azure.storage.blob import BlobClient, ContainerClient

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential

PIECE = 8 * 1024 * 1024
_PAGE = 1000


class Blobs:
    """A blob container, as a source and as a target.

    Args:
        endpoint: The blob endpoint of its storage account.
        access: The access: the account's key, the user's tokens, or a signature.
        name: Its name.
        below: Prefix of the names; returned names omit it.
        leaves_out: Prefix of names that are not data.

    """

    kind = "blob container"
    workers = 8
    freezes = False
    is_one = False

    def __init__(
        self,
        cloud: Cloud,
        endpoint: str,
        access: SharedKey | Credential | AzureSasCredential,
        name: str,
        *,
        below: str = "",
        leaves_out: str | None = None,
    ) -> None:
        self.name = name
        self._below = below
        self._leaves_out = leaves_out
        self._cloud = cloud
        self._endpoint = endpoint
        self._access = access

    @cached_property
    def _container(self) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        return ContainerClient(
            self._endpoint,
            self.name,
            storage_credential(self._access),
            max_single_get_size=PIECE,
            max_single_put_size=PIECE,
            **storage_options(self._cloud),
        )

    def freeze(self) -> None:
        """Do nothing: blobs are listed after the file share is frozen, so no run in it lacks any."""

    def release(self) -> None:
        """Nothing."""

    def root(self) -> Folder:
        """The container."""
        return Folder("", is_directory=False)

    def expand(self, folder: Folder) -> Iterator[Item | Folder]:
        """Return a page of blobs, and where to continue."""
        with doing(f"listing {self.kind} {self.name}"):
            pages: Any = self._blobs().by_page(folder.marker)
            page = list(next(pages, ()))
            marker = pages.continuation_token
        for blob in filter(self._is_data, page):
            yield Item(self._short(blob.name), blob.size, str(blob.etag))
        if marker:
            yield Folder("", is_directory=False, marker=marker)

    def _blobs(self) -> Any:
        return self._container.list_blobs(name_starts_with=self._below or None, results_per_page=_PAGE)

    def _is_data(self, blob: Any) -> bool:
        return self._leaves_out is None or not str(blob.name).startswith(self._leaves_out)

    def _short(self, name: str) -> str:
        return str(name).removeprefix(self._below)

    def _client(self, name: str) -> BlobClient:
        return self._container.get_blob_client(self._below + name)

    def fetch(self, item: Item, path: Path, moved: Moved) -> Transfer:
        """Return the chunks to download, each of the listed version."""
        from azure.core import MatchConditions

        client = self._client(item.name)

        def read(offset: int, length: int) -> bytes:
            with doing(f"reading blob {item.name}"), _changes():
                return client.download_blob(
                    offset, length, etag=item.version, match_condition=MatchConditions.IfNotModified
                ).readall()

        return Transfer(ranges.download(path, item.size or 0, PIECE, read, moved))

    def look_again(self, item: Item) -> Item | None:
        """Return the current blob; None if it was deleted."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with doing(f"reading blob {item.name}"):
                try:
                    found = self._client(item.name).get_blob_properties()
                except ResourceNotFoundError as error:
                    raise ItemChangedError from error
        except ItemChangedError:
            return None
        return Item(item.name, found.size, str(found.etag))

    def contents(self, found: Found) -> None:
        """Find all blobs with their sizes."""
        with doing(f"listing {self.kind} {self.name}"):
            for blob in filter(self._is_data, self._blobs()):
                found(self._short(blob.name), int(blob.size))

    def is_initial(self, name: str) -> bool:
        """A fresh container is empty."""
        return False

    def prepare(self, directories: Directories) -> None:
        """Do nothing: a container has no directories."""

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Return the upload: in one piece, or as blocks that are committed at the end."""
        client = self._client(name)
        if size <= PIECE:

            def whole() -> None:
                with doing(f"writing blob {name}"), path.open("rb") as file:
                    client.upload_blob(file, length=size, overwrite=True, validate_content=True)
                moved(size)

            return Transfer([whole])

        def write(offset: int, data: bytes) -> None:
            with doing(f"writing blob {name}"):
                client.stage_block(_block(offset), data, validate_content=True)

        def finish() -> None:
            from azure.storage.blob import BlobBlock

            with doing(f"writing blob {name}"):
                client.commit_block_list([BlobBlock(_block(offset)) for offset in range(0, size, PIECE)])

        return Transfer(ranges.upload(path, size, PIECE, write, moved), finish)

    def remove(self, names: Iterable[str], directories: Container[str] = ()) -> None:
        """Delete these blobs."""

        def delete(name: str) -> None:
            with doing(f"deleting blob {name}"):
                self._client(name).delete_blob(delete_snapshots="include")

        crew.share((partial(delete, name) for name in names), self.workers)


def _block(offset: int) -> str:
    """Return the id of a block: in Base64, and of equal length within a blob."""
    return base64.b64encode(f"{offset:020}".encode()).decode()


@contextmanager
def _changes() -> Iterator[None]:
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    try:
        yield
    except (ResourceModifiedError, ResourceNotFoundError) as error:
        raise ItemChangedError from error
