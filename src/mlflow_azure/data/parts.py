"""The interface between the copy loop and the kinds of data."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Moved = Callable[[int], None]
"""Called with the number of bytes moved."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to copy.

    Attributes:
        name: Its name, with slashes, as in its service.
        size: Bytes; None if only the copy tells.
        version: An ETag, which changes whenever the content does; empty if there is none.

    """

    name: str
    size: int | None
    version: str


@dataclass(frozen=True, slots=True)
class Folder:
    """Something to list. `is_directory`: whether it is part of the data; `marker`: where to continue."""

    name: str
    is_directory: bool
    marker: str | None = None


@dataclass(frozen=True)
class Transfer:
    """The transfer of one file: chunks that may run in parallel, and what to do after all of them."""

    pieces: Sequence[Callable[[], None]]
    finish: Callable[[], None] = lambda: None


class ItemChangedError(Exception):
    """The item has changed since it was listed, or is gone."""


Found = Callable[[str, int], None]
"""Called with a name and a number of bytes, by one thread or several."""


class Directories(Protocol):
    """The names of directories, of which there may be many."""

    def __contains__(self, name: object) -> bool:
        """Whether it is one of them."""

    def by_depth(self) -> Iterator[Iterator[str]]:
        """Yield them, parents first."""
        ...

    def without_files(self) -> Iterator[str]:
        """Yield those with no file below them."""
        ...


class Source(Protocol):
    """A source of data.

    Attributes:
        kind: Its kind, as in the manifest: "file share".
        name: Its name.
        workers: The suitable number of parallel requests.
        freezes: Whether freezing does anything.
        is_one: Whether its files belong together, so that none can be left out.

    """

    kind: str
    name: str
    workers: int
    freezes: bool
    is_one: bool

    def freeze(self) -> None:
        """Make sure that everything read from now on is from one point in time, as far as the service allows."""

    def release(self) -> None:
        """Remove what freezing left in Azure, including by an earlier run, if anything."""

    def root(self) -> Folder:
        """Return the root to list."""
        ...

    def expand(self, folder: Folder) -> Iterable[Item | Folder]:
        """List a folder."""
        ...

    def fetch(self, item: Item, path: Path, moved: Moved) -> Transfer:
        """Return the transfer of the item to the new file `path`. Its chunks may raise ItemChangedError."""
        ...

    def look_again(self, item: Item) -> Item | None:
        """Return the current item; None if it is gone."""
        ...


class Target(Protocol):
    """A target for data. Attributes as of a Source."""

    kind: str
    name: str
    workers: int

    def contents(self, found: Found) -> None:
        """Find the existing files, with their sizes in bytes."""

    def is_initial(self, name: str) -> bool:
        """Whether a new deployment has this file too, so that it is not data."""
        ...

    def prepare(self, directories: Directories) -> None:
        """Create the directories, which include their parents."""

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """Return the transfer of the file `path`, of `size` bytes, to this name, replacing what is there."""
        ...

    def remove(self, names: Iterable[str], directories: Container[str]) -> None:
        """Delete these files, then all directories except these."""
