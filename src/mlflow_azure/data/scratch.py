"""Tables on disk, for what grows with the number of files: memory does not grow with it."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AT_ONCE = 100
"""Rows in memory."""


class Scratch:
    """SQLite tables in a temporary file without a name, which goes with the process. Thread-safe.

    Where it lies: https://www.sqlite.org/tempfiles.html. Raises sqlite3.Error if the disk is full.
    """

    def __init__(self, *schema: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        # One transaction that is never committed: nothing here outlives the process.
        for statement in ("PRAGMA journal_mode = OFF", *schema, "BEGIN"):
            self._database.execute(statement)

    def do(self, statement: str, *values: object) -> int:
        """Change something; return the number of rows changed."""
        with self._lock:
            return self._database.execute(statement, values).rowcount

    def fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Do it for each row; these must not come from here."""
        with self._lock:
            self._database.executemany(statement, rows)

    def one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of a query; None if there is none."""
        with self._lock:
            row: tuple[Any, ...] | None = self._database.execute(statement, values).fetchone()
            return row

    def rows(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query. What changes meanwhile may or may not be among them."""
        with self._lock:
            cursor = self._database.execute(statement, values)
        while True:
            with self._lock:
                rows = cursor.fetchmany(_AT_ONCE)
            if not rows:
                return
            yield from rows


def key(name: str) -> bytes:
    """Return a name as a key. Keys are in the order of the names, and names may be anything, surrogates too."""
    return name.encode("utf-8", "surrogatepass")


def name_of(key: bytes) -> str:
    """Return the name of a key."""
    return key.decode("utf-8", "surrogatepass")
