"""The tables of MLflow in a database, and how they are made as they were at a revision of the schema."""

import sqlite3
import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from mlflow3_app.schema import INITIAL, revision_of

OURS = "mlflow_azure_"
"""How names of tables begin that are ours; they are of this deployment alone."""
_SEEDED = {"alembic_version": 1, "experiments": 1, "workspaces": 1}
"""The tables that have rows in a schema that was just made, and how many."""


def tables(connection: Connection) -> list[str]:
    """The tables that are not ours, each after those that its rows refer to."""
    ordered = sqlalchemy.inspect(connection).get_sorted_table_and_fkc_names()
    return [name for name, _ in ordered if name and not name.startswith(OURS)]


def columns(connection: Connection, table: str) -> dict[str, str]:
    """Types of the columns of a table, by name, in order; without those that PostgreSQL computes."""
    found = connection.execute(
        text(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = :table AND is_generated = 'NEVER' "
            "ORDER BY ordinal_position"
        ),
        {"table": table},
    )
    return {row[0]: row[1] for row in found}


def contents(connection: Connection) -> dict[str, int]:
    """How many rows a table has, for the tables that have others than a fresh schema."""
    found = {}
    for table in tables(connection):
        count = connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar()  # noqa: S608 - read from it
        if count > _SEEDED.get(table, 0):
            found[table] = int(count)
    return found


def make(engine: Engine, revision: str) -> None:
    """Make the tables of a revision in an empty database, as MLflow does on its way to the newest."""
    from alembic import command
    from mlflow.store.db.utils import InitialBase, _get_alembic_config

    InitialBase.metadata.create_all(engine)
    command.upgrade(_get_alembic_config(engine.url.render_as_string(hide_password=False)), revision)


def drop(connection: Connection, names: Collection[str] = ()) -> None:
    """Drop the tables of these names, and ours. A database of someone's own may hold others, which stay."""
    for table in sqlalchemy.inspect(connection).get_table_names():
        if table in names or table.startswith(OURS):
            connection.execute(text(f'DROP TABLE "{table}" CASCADE'))


def empty(connection: Connection, names: Sequence[str]) -> None:
    """Empty tables, and those that refer to them."""
    connection.execute(text("TRUNCATE " + ", ".join(f'"{name}"' for name in names) + " CASCADE"))


def at(revision: str | None) -> tuple[frozenset[str], str]:
    """The names of the tables of a revision, and the statements that make them in sqlite.

    None is a database whose schema was never made to its end.
    """
    if revision is None:
        return INITIAL, ""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        engine = sqlalchemy.create_engine(f"sqlite:///{file}")
        make(engine, revision)
        engine.dispose()
        with closing(sqlite3.connect(file)) as opened:
            made = opened.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
                "ORDER BY type = 'index', rowid"
            ).fetchall()
    names = frozenset(name for kind, name, _ in made if kind == "table")
    return names, "".join(f"{statement};\n" for _, _, statement in made)


def server_of(connection: Connection) -> dict[str, str]:
    """What is known of the database: the schema's revision, and PostgreSQL's version."""
    return {
        "revision": str(revision_of(connection)),
        "postgres": str(connection.execute(text("SHOW server_version")).scalar()),
    }
