"""What a restore has to write, what is there, and what it has written: on disk, since it is a line per file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlflow_azure.data.scratch import Scratch, key, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlflow_azure.data.manifest import Entry

Column = Literal["there", "written", "afterwards"]


class Ledger:
    """The files of a part of a backup and of its target, with their sizes in bytes. Thread-safe.

    It also has the directories that have to be there: those of the backup, and the parents of its files.
    """

    def __init__(self) -> None:
        self._scratch = Scratch(
            "CREATE TABLE file (name BLOB PRIMARY KEY, wanted INTEGER, there INTEGER, written INTEGER, "
            "afterwards INTEGER) WITHOUT ROWID",
            "CREATE TABLE directory (name BLOB PRIMARY KEY, depth INTEGER, has_files INTEGER) WITHOUT ROWID",
        )
        self._last = ""

    def want(self, entries: Iterable[Entry]) -> None:
        """Enter what is in the backup."""
        for entry in entries:
            if entry.is_directory:
                for directory in (entry.name, *_above(entry.name)):
                    self._enter(directory, has_files=False)
                continue
            self._scratch.do("INSERT OR REPLACE INTO file (name, wanted) VALUES (?, 1)", key(entry.name))
            above = entry.name.rpartition("/")[0]
            if above != self._last:  # most files lie in the directory of the one before
                self._last = above
                for directory in _above(entry.name):
                    self._enter(directory, has_files=True)

    def _enter(self, name: str, *, has_files: bool) -> None:
        self._scratch.do(
            "INSERT INTO directory VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET has_files = max(has_files, ?3)",
            key(name),
            name.count("/"),
            has_files,
        )

    def note(self, column: Column, name: str, size: int) -> None:
        """Enter the size of a file."""
        self._scratch.do(
            f"INSERT INTO file (name, wanted, {column}) VALUES (?1, 0, ?2) "  # noqa: S608 - one of ours
            f"ON CONFLICT (name) DO UPDATE SET {column} = ?2",
            key(name),
            size,
        )

    def there(self, name: str) -> int | None:
        """Return the size of a file that was there before; None if it was not."""
        row = self._scratch.one("SELECT there FROM file WHERE name = ?", key(name))
        return row[0] if row else None

    def all_there(self) -> Iterator[tuple[str, int, bool]]:
        """Yield the files that were there before in the order of their names, and whether the backup has them too."""
        rows = self._scratch.rows("SELECT name, there, wanted FROM file WHERE there NOTNULL ORDER BY name")
        return ((name_of(name), there, bool(wanted)) for name, there, wanted in rows)

    def surplus(self) -> Iterator[str]:
        """Yield the files that were there before and that the backup does not have."""
        return (name for name, _, wanted in self.all_there() if not wanted)

    def is_in_the_way(self, name: str) -> bool:
        """Whether a file is where a directory has to be, or below where a file has to be."""
        return name in self or any(
            self._scratch.one("SELECT 1 FROM file WHERE name = ? AND wanted", key(each)) for each in _above(name)
        )

    def different(self) -> str | None:
        """Return the first file that is not as it was written."""
        row = self._scratch.one("SELECT name FROM file WHERE written IS NOT afterwards ORDER BY name LIMIT 1")
        return name_of(row[0]) if row else None

    def __contains__(self, directory: object) -> bool:
        """Whether it is a directory that has to be there."""
        return self._scratch.one("SELECT 1 FROM directory WHERE name = ?", key(str(directory))) is not None

    def by_depth(self) -> Iterator[Iterator[str]]:
        """Yield the directories that have to be there, parents first."""
        for (depth,) in list(self._scratch.rows("SELECT DISTINCT depth FROM directory ORDER BY depth")):
            yield self._directories("depth = ?", depth)

    def without_files(self) -> Iterator[str]:
        """Yield those with no file below them."""
        return self._directories("NOT has_files")

    def _directories(self, which: str, *values: object) -> Iterator[str]:
        rows = self._scratch.rows(f"SELECT name FROM directory WHERE {which}", *values)  # noqa: S608 - one of ours
        return (name_of(name) for (name,) in rows)


def _above(name: str) -> Iterator[str]:
    """Return the parent directories of a name."""
    while name := name.rpartition("/")[0]:
        yield name
