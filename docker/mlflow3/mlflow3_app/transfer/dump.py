"""Writes all tables to files, as they are at one moment."""

import importlib.metadata
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection, Engine

from mlflow3_app.transfer.container import Container
from mlflow3_app.transfer.tables import at, columns, server_of, tables

CONTENT, SQLITE = "tables.json", "sqlite.sql"


class Dump:
    """A dump into a folder of the container.

    For each table a file in the text format of PostgreSQL's COPY, compressed with gzip; beside them what they are, and
    the statements that make the same tables in sqlite.
    https://www.postgresql.org/docs/current/sql-copy.html
    """

    def __init__(self, engine: Engine, container: Container, folder: str) -> None:
        self._engine = engine
        self._container = container
        self._folder = folder
        self.report: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        """Do it, in one transaction: clients go on writing, and none of it is seen."""
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            found = server_of(connection)
            known, schema = at(found["revision"])
            names = [name for name in tables(connection) if name in known]
            self.report |= {"tables": len(names), "done": 0, "rows": 0}
            written = {name: self._write(connection, name) for name in names}
        with self._container.writing(f"{self._folder}/{SQLITE}.gz") as file:
            file.write(schema.encode())
        mlflow = importlib.metadata.version("mlflow")
        self._container.write(f"{self._folder}/{CONTENT}", {**found, "mlflow": mlflow, "tables": written})
        return {**found, "mlflow": mlflow, "rows": self.report["rows"]}

    def _write(self, connection: Connection, table: str) -> dict[str, Any]:
        types = columns(connection, table)
        named = ", ".join(f'"{name}"' for name in types)
        driver = connection.connection.driver_connection
        with self._container.writing(f"{self._folder}/{table}.copy.gz") as file, driver.cursor() as cursor:
            cursor.copy_expert(f'COPY "{table}" ({named}) TO STDOUT', file, _CHUNK)
            rows = cursor.rowcount
        self.report["done"] += 1
        self.report["rows"] += rows
        return {"rows": rows, "columns": types}


_CHUNK = 1 << 20


def engine_of(uri: str) -> Engine:
    """How tasks reach the database."""
    return sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
