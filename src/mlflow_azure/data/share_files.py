"""The file store: a file share, accessed over the REST API of Azure Files and read from a snapshot.

A snapshot costs nothing until the share changes, and is from one point in time:
https://learn.microsoft.com/azure/storage/files/storage-snapshots-files
"""

from __future__ import annotations

import posixpath
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.data_plane import storage_options
from mlflow_azure.azure.refusals import doing
from mlflow_azure.data import crew, ranges
from mlflow_azure.data.parts import Directories, Folder, Found, Item, Moved, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator
    from pathlib import Path

    from azure.storage.fileshare import ShareClient, ShareServiceClient

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.secret import Secret

PIECE = 4 * 1024 * 1024
"""The maximum size of a Put Range: https://learn.microsoft.com/rest/api/storageservices/put-range"""
_PAGE = 1000
_BACKUP = "mlflowazurebackup"
"""The key in a snapshot's metadata for the id of its backup."""


class ShareFiles:
    """A file share, as a source and as a target.

    Args:
        connection: Connection string of its storage account.
        name: Its name.
        backup: Id of the backup made from it; None for a target.
        initial: The files that a new deployment has.

    """

    kind = "file share"
    workers = 16
    freezes = True
    is_one = False

    def __init__(
        self, cloud: Cloud, connection: Secret, name: str, *, backup: str | None = None, initial: Collection[str] = ()
    ) -> None:
        self.name = name
        self._cloud = cloud
        self._connection = connection
        self._backup = backup
        self._initial = initial
        self._snapshot: str | None = None

    @cached_property
    def _service(self) -> ShareServiceClient:
        from azure.storage.fileshare import ShareServiceClient

        return ShareServiceClient.from_connection_string(
            self._connection.reveal(),
            max_single_get_size=PIECE,
            max_range_size=PIECE,
            allow_trailing_dot=True,  # otherwise "a." is treated as "a"
            **storage_options(self._cloud),
        )

    @cached_property
    def _share(self) -> ShareClient:
        return self._service.get_share_client(self.name, snapshot=self._snapshot)

    def freeze(self) -> None:
        """Take a snapshot, marked with the id of its backup."""
        with doing(f"taking a snapshot of {self.kind} {self.name}"):
            share = self._service.get_share_client(self.name)
            self._snapshot = str(share.create_snapshot(metadata={_BACKUP: str(self._backup)})["snapshot"])

    def release(self) -> None:
        """Delete the snapshots of this backup, including those of killed runs."""
        with doing(f"deleting the snapshot of {self.kind} {self.name}"):
            shares = self._service.list_shares(
                name_starts_with=self.name, include_metadata=True, include_snapshots=True
            )
            for each in shares:
                if each.name == self.name and each.snapshot and (each.metadata or {}).get(_BACKUP) == self._backup:
                    self._service.get_share_client(self.name, snapshot=each.snapshot).delete_share()

    def root(self) -> Folder:
        """Return the share's root directory."""
        return Folder("", is_directory=False)

    def expand(self, folder: Folder) -> Iterator[Item | Folder]:
        """Return the contents of a directory."""
        with doing(f"listing {folder.name or '/'} in {self.kind} {self.name}"):
            directory = self._share.get_directory_client(folder.name)
            found: Any = directory.list_directories_and_files(include=["timestamps", "etag"], results_per_page=_PAGE)
            yield from [_found(posixpath.join(folder.name, each.name), each) for each in found]

    def fetch(self, item: Item, path: Path, moved: Moved) -> Transfer:
        """Return the chunks to download."""
        client = self._share.get_file_client(item.name)

        def read(offset: int, length: int) -> bytes:
            with doing(f"reading {item.name} in {self.kind} {self.name}"):
                return bytes(client.download_file(offset, length).readall())

        return Transfer(ranges.download(path, item.size or 0, PIECE, read, moved))

    def look_again(self, item: Item) -> Item | None:
        """Return the same item: a snapshot does not change."""
        return item

    def contents(self, found: Found) -> None:
        """Find all files with their sizes."""
        self._walk(lambda each: found(each.name, each.size or 0) if isinstance(each, Item) else None)

    def _walk(self, found: Callable[[Item | Folder], None]) -> None:
        """Find all files and directories."""

        def look(folder: Folder) -> Iterator[Callable[[], Any]]:
            below: list[Folder] = []
            for each in self.expand(folder):
                found(each)
                if isinstance(each, Folder):
                    below.append(each)
            return (partial(look, each) for each in below)

        crew.share([lambda: look(self.root())], self.workers)

    def is_initial(self, name: str) -> bool:
        """Whether the server writes this file when it first starts."""
        return name in self._initial

    def prepare(self, directories: Directories) -> None:
        """Create them, parents first."""
        from azure.core.exceptions import ResourceExistsError

        def make(name: str) -> None:
            with doing(f"creating directory {name} in {self.kind} {self.name}"):
                try:
                    self._share.create_directory(name)
                except ResourceExistsError:
                    return

        for names in directories.by_depth():
            crew.share((partial(make, name) for name in names), self.workers)

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Create the file in its full size, then write it range by range."""
        client = self._share.get_file_client(name)
        with doing(f"writing {name} in {self.kind} {self.name}"):
            client.create_file(size)

        def write(offset: int, data: bytes) -> None:
            with doing(f"writing {name} in {self.kind} {self.name}"):
                client.upload_range(data, offset, len(data), validate_content=True)

        return Transfer(ranges.upload(path, size, PIECE, write, moved))

    def remove(self, names: Iterable[str], directories: Container[str]) -> None:
        """Delete these files, then all directories except these."""

        def delete(name: str) -> None:
            with doing(f"deleting {name} in {self.kind} {self.name}"):
                self._share.get_file_client(name).delete_file()

        def delete_directory(name: str) -> None:
            with doing(f"deleting directory {name} in {self.kind} {self.name}"):
                self._share.delete_directory(name)

        crew.share((partial(delete, name) for name in names), self.workers)
        left_over: list[str] = []
        self._walk(
            lambda each: (
                left_over.append(each.name) if isinstance(each, Folder) and each.name not in directories else None
            )
        )
        for _, level in groupby(sorted(left_over, key=_depth, reverse=True), _depth):
            crew.share([partial(delete_directory, name) for name in level], self.workers)


def _depth(name: str) -> int:
    return name.count("/")


def _found(name: str, each: Any) -> Item | Folder:
    if each.is_directory:
        return Folder(name, is_directory=True)
    return Item(name, int(each.size), f"{each.etag} {each.last_write_time}")
