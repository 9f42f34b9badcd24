"""The file store: a file share, accessed over the REST API of Azure Files and read from a snapshot.

A snapshot costs nothing until the share changes, and is from one point in time:
https://learn.microsoft.com/azure/storage/files/storage-snapshots-files
"""

from __future__ import annotations

import posixpath
import threading
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from mlflow_azure.azure.data_plane import storage_options
from mlflow_azure.azure.refusals import doing
from mlflow_azure.data import crew, ranges
from mlflow_azure.data.parts import Folder, Item, Moved, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from azure.storage.fileshare import ShareClient, ShareServiceClient

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.secret import Secret

PIECE = 4 * 1024 * 1024
"""The maximum size of a Put Range: https://learn.microsoft.com/rest/api/storageservices/put-range"""
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
            found = list(directory.list_directories_and_files(include=["timestamps", "etag"]))
        for each in cast("list[Any]", found):
            name = posixpath.join(folder.name, each.name)
            if each.is_directory:
                yield Folder(name, is_directory=True)
            else:
                yield Item(name, int(each.size), f"{each.etag} {each.last_write_time}")

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

    def contents(self) -> Mapping[str, int]:
        """Return all files with their sizes."""
        return self._walk()[0]

    def _walk(self) -> tuple[dict[str, int], set[str]]:
        """Return all files with their sizes, and all directories."""
        files: dict[str, int] = {}
        directories: set[str] = set()
        lock = threading.Lock()

        def look(folder: Folder) -> list[Callable[[], Any]]:
            below: list[Callable[[], Any]] = []
            for each in self.expand(folder):
                with lock:
                    if isinstance(each, Item):
                        files[each.name] = each.size or 0
                    else:
                        directories.add(each.name)
                        below.append(partial(look, each))
            return below

        crew.share([lambda: look(self.root())], self.workers)
        return files, directories

    def is_initial(self, name: str) -> bool:
        """Whether the server writes this file when it first starts."""
        return name in self._initial

    def prepare(self, directories: Collection[str]) -> None:
        """Create them, parents first."""
        from azure.core.exceptions import ResourceExistsError

        def make(name: str) -> None:
            with doing(f"creating directory {name} in {self.kind} {self.name}"):
                try:
                    self._share.create_directory(name)
                except ResourceExistsError:
                    return

        self._by_depth(directories, make)

    def _by_depth(self, directories: Iterable[str], do: Callable[[str], None], *, deepest_first: bool = False) -> None:
        levels: dict[int, list[str]] = {}
        for name in directories:
            levels.setdefault(name.count("/"), []).append(name)
        for _, names in sorted(levels.items(), reverse=deepest_first):
            crew.share([partial(do, name) for name in names], self.workers)

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Create the file in its full size, then write it range by range."""
        client = self._share.get_file_client(name)
        with doing(f"writing {name} in {self.kind} {self.name}"):
            client.create_file(size)

        def write(offset: int, data: bytes) -> None:
            with doing(f"writing {name} in {self.kind} {self.name}"):
                client.upload_range(data, offset, len(data), validate_content=True)

        return Transfer(ranges.upload(path, size, PIECE, write, moved))

    def remove(self, names: Collection[str], directories: Collection[str]) -> None:
        """Delete these files, then all directories except these."""

        def delete(name: str) -> None:
            with doing(f"deleting {name} in {self.kind} {self.name}"):
                self._share.get_file_client(name).delete_file()

        def delete_directory(name: str) -> None:
            with doing(f"deleting directory {name} in {self.kind} {self.name}"):
                self._share.delete_directory(name)

        crew.share([partial(delete, name) for name in names], self.workers)
        left_over = self._walk()[1] - set(directories)
        self._by_depth(left_over, delete_directory, deepest_first=True)
