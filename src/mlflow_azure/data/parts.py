"""What the copy loop asks of a kind of data, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

Moved = Callable[[int], None]
"""Hears how many bytes were moved."""


@dataclass(frozen=True)
class Item:
    """A file to copy.

    Attributes:
        name: Its name, with slashes, as its service writes it.
        size: Bytes; None where only the copy tells.
        version: Changes whenever the content does: an ETag. Empty where there is nothing like it.

    """

    name: str
    size: int | None
    version: str


@dataclass(frozen=True)
class Folder:
    """Something that has to be listed. `is_directory` says whether it is part of the data; `marker` where to go on."""

    name: str
    is_directory: bool
    marker: str | None = None


@dataclass(frozen=True)
class Transfer:
    """How one file is moved: pieces that may run at the same time, and what is to be done after all of them."""

    pieces: Sequence[Callable[[], None]]
    finish: Callable[[], None] = lambda: None


class ItemChangedError(Exception):
    """The item is not what it was when it was listed, or is gone."""


class Source(Protocol):
    """Where data is read.

    Attributes:
        kind: What it is, as the manifest says: "file share".
        name: Its name.
        workers: How many requests at the same time suit it.
        freezes: Whether freezing does anything.

    """

    kind: str
    name: str
    workers: int
    freezes: bool

    def freeze(self) -> None:
        """Make sure that what is read from now on is of one moment, as far as the service can."""

    def release(self) -> None:
        """Remove what freezing left in Azure, by an earlier run too. Where there is nothing, it does nothing."""

    def root(self) -> Folder:
        """Where listing begins."""
        ...

    def expand(self, folder: Folder) -> Iterable[Item | Folder]:
        """List a folder."""
        ...

    def fetch(self, item: Item, path: Path, moved: Moved) -> Transfer:
        """How to bring the item into the empty file `path`. Its pieces may raise ItemChangedError."""
        ...

    def look_again(self, item: Item) -> Item | None:
        """The item as it is now; None where it is gone."""
        ...


class Target(Protocol):
    """Where data is written. Attributes as of a Source."""

    kind: str
    name: str
    workers: int

    def contents(self) -> Mapping[str, int]:
        """The files that are there, and the bytes of each."""
        ...

    def is_initial(self, name: str) -> bool:
        """Whether a file belongs to what a fresh deployment has, so that no data is lost with it."""
        ...

    def prepare(self, directories: Collection[str]) -> None:
        """Make the directories; what they lie in is among them."""

    def put(self, name: str, path: Path, size: int, moved: Moved) -> Transfer:
        """How to write the file `path`, of `size` bytes, under this name, in place of what is there."""
        ...

    def remove(self, names: Collection[str], directories: Collection[str]) -> None:
        """Delete these files, then all directories but these."""
