"""Brings a dump, or a file store of MLflow 1.5.0, into the database, in the place of what it holds."""

import tarfile
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from mlflow3_app import schema
from mlflow3_app.errors import StartError
from mlflow3_app.migration.database import Database
from mlflow3_app.migration.file_store import FileStore
from mlflow3_app.migration.passes import Pass
from mlflow3_app.transfer.container import Container
from mlflow3_app.transfer.dump import CONTENT
from mlflow3_app.transfer.tables import at, columns, drop, empty, make, tables

FILE_STORE = "file-store.tar.gz"
_ADDRESSES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}
"""Columns that say where artifacts are."""


class Load:
    """A dump on its way back.

    Args:
        before: The root of the artifacts when it was made.
        after: Their root now.

    """

    def __init__(self, engine: Engine, container: Container, folder: str, before: str, after: str) -> None:
        self._engine = engine
        self._container = container
        self._folder = folder
        self._moved = before, after
        self.report: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        """Do it; however it ends before, doing it again begins afresh."""
        made = self._container.read(f"{self._folder}/{CONTENT}")
        with schema.alone(self._engine):
            known, newest = schema.revisions()
            if made["revision"] not in known:
                raise StartError(
                    f"the backup's schema (revision {made['revision']}) is of a newer MLflow than this one"
                )
            self._make_tables(made["revision"])
            with self._engine.begin() as connection:
                rows = self._fill(connection, made["tables"])
                rewritten = self._rewrite(connection, made["tables"])
                _set_sequences(connection, made["tables"])
            if made["revision"] != newest:
                schema.migrate(self._engine)
        return {"rows": rows, "rewritten": rewritten}

    def _make_tables(self, revision: str) -> None:
        """The tables of a revision, and none of ours. Those that are there are emptied when they are filled."""
        with self._engine.connect() as connection:
            there = schema.revision_of(connection)
        clear(self._engine, there, keep=there == revision)
        if there != revision:
            make(self._engine, revision)

    def _fill(self, connection: Connection, described: dict[str, Any]) -> int:
        order = [name for name in tables(connection) if name in described]
        if missing := described.keys() - set(order):
            raise StartError(f"the schema has no table {min(missing)}")
        empty(connection, order)
        self.report |= {"tables": len(order), "done": 0, "rows": 0}
        for name in order:
            named = ", ".join(f'"{column}"' for column in described[name]["columns"])
            file = self._container.reading(f"{self._folder}/{name}.copy.gz")
            with file, connection.connection.driver_connection.cursor() as cursor:
                cursor.copy_expert(f'COPY "{name}" ({named}) FROM STDIN', file, 1 << 20)
                if cursor.rowcount != described[name]["rows"]:
                    raise StartError(f"table {name} has {cursor.rowcount} of {described[name]['rows']} rows")
            self.report["rows"] += described[name]["rows"]
            self.report["done"] += 1
        return int(self.report["rows"])

    def _rewrite(self, connection: Connection, described: dict[str, Any]) -> int:
        """Addresses below the old root become the same ones below the new one."""
        before, after = (root.rstrip("/") for root in self._moved)
        if before == after:
            return 0
        changed = 0
        for table, names in _ADDRESSES.items():
            for name in names:
                if name in described.get(table, {"columns": ()})["columns"]:
                    done = connection.execute(
                        text(
                            f"UPDATE {table} SET {name} = :after || substr({name}, length(:before) + 1) "  # noqa: S608
                            f"WHERE {name} = :before OR {name} LIKE :below"
                        ),
                        {"before": before, "after": after, "below": before.replace("_", "\\_") + "/%"},
                    )
                    changed += done.rowcount
        return changed


def _set_sequences(connection: Connection, described: dict[str, Any]) -> None:
    """Let the next id of each table be behind the highest."""
    for table in described:
        for column in columns(connection, table):
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table}"', "column": column}
            ).scalar()
            if sequence:
                connection.execute(
                    text(
                        f'SELECT setval(:sequence, greatest(1, max("{column}")), max("{column}") IS NOT NULL) '  # noqa: S608
                        f'FROM "{table}"'
                    ),
                    {"sequence": sequence},
                )


def clear(engine: Engine, revision: str | None, *, keep: bool = False) -> None:
    """Drop MLflow's tables, of the revision that there is, and ours; or ours alone."""
    names, _ = (frozenset[str](), "") if keep else at(revision)
    with engine.begin() as connection:
        drop(connection, names)


class Move:
    """A file store of MLflow 1.5.0, packed, on its way into the database; `root` is where its artifacts were."""

    def __init__(self, engine: Engine, container: Container, folder: str, root: str) -> None:
        self._engine = engine
        self._container = container
        self._folder = folder
        self._root = root
        self._pass: Pass | None = None

    @property
    def report(self) -> dict[str, Any]:
        """How far it is."""
        return self._pass.report.data() if self._pass else {}

    def __call__(self) -> dict[str, Any]:
        """Do it."""
        with self._engine.connect() as connection:
            there = schema.revision_of(connection)
        clear(self._engine, there)
        schema.prepare(self._engine.url.render_as_string(hide_password=False), upgrade=False)
        with tempfile.TemporaryDirectory() as folder:
            packed = self._container.reading(f"{self._folder}/{FILE_STORE}")
            with packed, tarfile.open(fileobj=packed, mode="r|") as archive:
                archive.extractall(folder, filter="data")
            self._pass = Pass(FileStore(Path(folder), self._root), Database(self._engine))
            return self._pass().data()


class Migrate:
    """The schema of an older MLflow on its way to this one's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.report: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        """Do it. Raises SchemaError where it is of a newer one."""
        schema.prepare(self._engine.url.render_as_string(hide_password=False), upgrade=True)
        return {}
