"""Files and directories of a share, or of a snapshot of one, by the paths of Azure Files.

Names are compared byte for byte here; Azure Files preserves case, but ignores it.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.files.protocol import StorageError, invalid_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata
_FORBIDDEN = re.compile(r'["\\/:|<>*?\x00-\x1f\x7f]')
_LONGEST_NAME, _LONGEST_PATH, _DEEPEST = 255, 2048, 250
# https://learn.microsoft.com/azure/storage/files/storage-files-scale-targets
_LARGEST_FILE = 4 * 1024**4
MAX_RANGE = 4 * 1024 * 1024


class Tree:
    """The files and directories below `root`, a directory of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def place(self, segments: list[str]) -> Path:
        """Return the path on this machine. Raises StorageError for invalid names."""
        for name in segments:
            if not name or name.strip(".") == "" or _FORBIDDEN.search(name) or len(name) > _LONGEST_NAME:
                raise invalid_name()
        if len("/".join(segments)) > _LONGEST_PATH or len(segments) > _DEEPEST:
            raise invalid_name()
        return self._root.joinpath(*segments)

    def file(self, segments: list[str]) -> Path:
        """Return an existing file."""
        return self._existing(segments, directory=False)

    def directory(self, segments: list[str]) -> Path:
        """Return an existing directory; the root for no segments."""
        return self._existing(segments, directory=True)

    def _existing(self, segments: list[str], *, directory: bool) -> Path:
        place = self.place(segments)
        if not (place.is_dir() if directory else place.is_file()):
            missing = "ResourceNotFound" if place.parent.is_dir() else "ParentNotFound"
            raise StorageError(HTTPStatus.NOT_FOUND, missing, f"The specified {_WORDS[missing]} does not exist.")
        return place

    def create_directory(self, segments: list[str]) -> Path:
        """Create a directory."""
        place = self._new(segments)
        if place.exists():
            raise StorageError(HTTPStatus.CONFLICT, "ResourceAlreadyExists", "The specified resource already exists.")
        place.mkdir()
        return place

    def create_file(self, segments: list[str], size: int) -> Path:
        """Create a file of `size` zeros, replacing an existing one."""
        place = self._new(segments)
        if not 0 <= size <= _LARGEST_FILE:
            raise StorageError(HTTPStatus.BAD_REQUEST, "OutOfRangeInput", "One of the request inputs is out of range.")
        if place.is_dir():
            raise StorageError(
                HTTPStatus.CONFLICT,
                "ResourceTypeMismatch",
                "The specified resource type does not match the type of the existing resource.",
            )
        with place.open("wb") as file:
            file.truncate(size)
        return place

    def _new(self, segments: list[str]) -> Path:
        place = self.place(segments)
        if not place.parent.is_dir():
            raise StorageError(HTTPStatus.NOT_FOUND, "ParentNotFound", "The specified parent path does not exist.")
        return place

    def delete_directory(self, segments: list[str]) -> None:
        """Delete an empty directory."""
        place = self.directory(segments)
        if any(place.iterdir()):
            raise StorageError(HTTPStatus.CONFLICT, "DirectoryNotEmpty", "The specified directory is not empty.")
        place.rmdir()

    def delete_file(self, segments: list[str]) -> None:
        """Delete a file."""
        self.file(segments).unlink()

    def write(self, segments: list[str], start: int, end: int, data: bytes | None) -> Path:
        """Write a range of a file (`end` is its last byte), or clear it if there is no data."""
        place = self.file(segments)
        if not 0 <= start <= end < place.stat().st_size:
            raise _invalid_range()
        with place.open("r+b") as file:
            file.seek(start)
            for piece in _zeros(end - start + 1) if data is None else (data,):
                file.write(piece)
        return place

    def list(self, segments: list[str]) -> list[os.DirEntry[str]]:
        """Return the entries of a directory, sorted by name."""
        with self._scanned(self.directory(segments)) as entries:
            return sorted(entries, key=lambda entry: entry.name)

    @contextmanager
    def _scanned(self, place: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with os.scandir(place) as entries:
            yield entries


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield bytes(min(size, MAX_RANGE))
        size -= MAX_RANGE


_WORDS = {"ResourceNotFound": "resource", "ParentNotFound": "parent path"}


def requested_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a Range header; None if it has no range.

    https://learn.microsoft.com/rest/api/storageservices/specifying-the-range-header-for-file-service-operations
    """
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", header or "")
    if not found:
        return None
    start, end = int(found[1]), int(found[2] or size - 1)
    if start >= size or end < start:
        raise _invalid_range()
    return start, end


def _invalid_range() -> StorageError:
    return StorageError(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The range specified is invalid for the current size of the resource.",
    )
