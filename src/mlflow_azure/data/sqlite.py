"""The database of an MLflow 3 backup as an SQLite database for plain MLflow. Needs no MLflow.

A table is a file in the text format of PostgreSQL's COPY, compressed with gzip; `tables.json` lists its columns, and
`sqlite.sql.gz` has the statements that create all tables: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.data import errors, verify
from mlflow_azure.engine.node import Given, Report, Task
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mlflow_azure.data.manifest import Entry

CONTENT, SCHEMA, TABLE = "tables.json", "sqlite.sql.gz", ".copy.gz"
ADDRESSES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}
"""Columns with artifact URIs."""
_TELL_EVERY = 100_000  # rows
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class SqliteDatabase(Task):
    """An SQLite database created from a backup.

    Args:
        backup: The directory of the backup.
        entries: The files of its database.
        path: Its path.
        before: The artifact root in the backup's URIs.
        after: Its replacement.

    Attributes:
        rows: The number of rows written.

    """

    kind = "database"
    action: ClassVar[Action] = Action.CREATE
    counted = "files"

    def __init__(
        self,
        backup: Path,
        entries: Iterable[Entry],
        path: Path,
        *,
        before: str,
        after: str,
    ) -> None:
        super().__init__(str(path))
        self.rows = 0
        self._backup = backup
        self._files = {entry.name: entry for entry in entries}
        self._path = path
        self._roots = before.rstrip("/"), after

    @property
    def label(self) -> str:
        """Return it in words."""
        return f"{self.kind} {self.name}"

    def in_the_way(self) -> tuple[int, str]:
        """Return the existing database; it is written atomically, so it is not from an interrupted restore."""
        return (1, self._path.name) if self._path.exists() else (0, "")

    def run(self, given: Given, report: Report) -> Action:
        """Create it, and move it to its place when it is complete."""
        with errors.on_this_machine(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f".{self._path.name}.incoming")
            fresh.unlink(missing_ok=True)
            with closing(sqlite3.connect(fresh, isolation_level=None)) as database:
                self._fill(database, report)
            fresh.replace(self._path)
        return Action.CREATE

    def _fill(self, database: sqlite3.Connection, report: Report) -> None:
        content = json.loads(self._read(CONTENT).decode())
        statements = list(_statements(gzip.decompress(self._read(SCHEMA)).decode()))
        last = [each for each in statements if not each.startswith("CREATE TABLE")]
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for statement in statements:
            if statement not in last:
                database.execute(statement)
        tables: Mapping[str, Any] = content["tables"]
        expected = sum(table["rows"] for table in tables.values())
        for name, table in tables.items():
            self._fill_table(database, name, table, lambda rows: report(f"{rows:,} rows", rows / max(1, expected)))
        for statement in last:
            database.execute(statement)
        self._rewrite(database, tables)
        database.execute("COMMIT")

    def _read(self, name: str) -> bytes:
        entry = self._checked(name)
        return (self._backup / str(entry.file)).read_bytes()

    def _checked(self, name: str) -> Entry:
        entry = self._files.get(name)
        if entry is None:
            raise errors.damaged(name, "is missing")
        if why := verify.problem(self._backup, entry):
            raise errors.damaged(entry.shown, why)
        return entry

    def _fill_table(
        self, database: sqlite3.Connection, name: str, table: Mapping[str, Any], tell: Callable[[int], None]
    ) -> None:
        entry = self._checked(name + TABLE)
        columns: Mapping[str, str] = table["columns"]
        named = ", ".join(f'"{column}"' for column in columns)
        database.execute(f'DELETE FROM "{name}"')  # noqa: S608 - the backup's own names, here and below
        before = self.rows

        def counted(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
            for row in rows:
                self.rows += 1
                if self.rows % _TELL_EVERY == 0:
                    tell(self.rows)
                yield row

        with gzip.open(self._backup / str(entry.file), "rt", encoding="utf-8", newline="\n") as lines:
            database.executemany(
                f'INSERT INTO "{name}" ({named}) VALUES ({", ".join("?" * len(columns))})',  # noqa: S608
                counted(rows_of(lines, list(columns.values()))),
            )
        if self.rows - before != table["rows"]:
            raise errors.damaged(entry.shown, f"has {self.rows - before} of {table['rows']} rows")

    def _rewrite(self, database: sqlite3.Connection, tables: Mapping[str, Any]) -> None:
        before, after = self._roots
        for table, columns in ADDRESSES.items():
            for column in columns:
                if column in tables.get(table, {"columns": ()})["columns"]:
                    database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (after, len(before) + 1, before, len(before) + 1, before + "/"),
                    )


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):  # handles the statements within a trigger
            yield statement.strip()
            statement = ""


def rows_of(lines: Iterator[str] | Any, types: Sequence[str]) -> Iterator[list[Any]]:
    """Yield the rows in COPY's text format, converted from PostgreSQL's types for SQLite."""
    special = [(place, kind) for place, kind in enumerate(types) if kind in ("boolean", "bytea")]
    for line in lines:
        row: list[Any] = [None if each == "\\N" else each for each in line.rstrip("\n").split("\t")]
        if "\\" in line:
            row = [_ESCAPED.sub(_unescaped, each) if each and "\\" in each else each for each in row]
        for place, kind in special:
            if row[place] is not None:
                row[place] = int(row[place] == "t") if kind == "boolean" else bytes.fromhex(row[place][2:])
        yield row


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])
