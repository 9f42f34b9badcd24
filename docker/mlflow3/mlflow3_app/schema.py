"""The database's schema: made once, and never changed without being asked to.

MLflow itself makes and migrates its tables when it finds some missing. Of several servers that start at once on an
empty database all but one end with an error; and after a migration the MLflow of before no longer starts, with no way
back but a backup.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy
from azure.core.exceptions import ClientAuthenticationError
from sqlalchemy.engine import Connection, Engine

from mlflow3_app import database  # noqa: F401 - it signs connections in
from mlflow3_app.environment import ARTIFACT_ROOT
from mlflow3_app.errors import SchemaError, StartError

_LOCK = 3_141_592_653  # any number that everyone agrees on
_TRY_SECONDS = 30  # then App Service starts the container anew
INITIAL = frozenset({"alembic_version", "experiments", "runs", "tags", "metrics", "params"})
"""The tables of MLflow's first schema, which is committed before the migrations begin."""


def prepare(uri: str, *, upgrade: bool) -> None:
    """See to it that the database at `uri` has the schema of this MLflow; where several servers start, one at a time.

    Args:
        uri: Of the database, as database.complete_uri has made it.
        upgrade: Whether the schema of an older MLflow is migrated.

    Raises:
        StartError: The database does not answer.
        SchemaError: It holds another schema, or something else.

    """
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    with alone(engine) as connection:
        tables = set(sqlalchemy.inspect(connection).get_table_names())
        found = _revision(connection, tables)
        known, newest = revisions()
        if found == newest and _has_default_experiment(connection):
            return
        if found is None and not tables <= INITIAL:
            raise SchemaError("the database holds tables that are not MLflow's. Name an empty database.")
        if found not in {None, newest}:
            _migrate(engine, str(found), known=str(found) in known, upgrade=upgrade)
        _make(uri)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection that holds the lock on the schema; PostgreSQL drops it with the connection, however that ends.

    Outside of a transaction, which would stay open as long as the tables are made.
    """
    with _connect(engine).execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({_LOCK})"))
        yield connection


def _connect(engine: Engine) -> Connection:
    """A connection, also to a database that is about to start, or to let this server in."""
    end = time.monotonic() + _TRY_SECONDS
    while True:
        try:
            return engine.connect()
        except (sqlalchemy.exc.OperationalError, ClientAuthenticationError) as error:
            if time.monotonic() >= end or engine.dialect.name == "sqlite":
                reason = " ".join(str(getattr(error, "orig", error)).split())
                raise StartError(f"connecting to the database: {reason}") from None
        time.sleep(2)


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema that is there; None where there is none."""
    return _revision(connection, set(sqlalchemy.inspect(connection).get_table_names()))


def _revision(connection: Connection, tables: set[str]) -> str | None:
    if "alembic_version" not in tables:
        return None
    return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()


@cache
def revisions() -> tuple[set[str], str]:
    """The revisions that this MLflow knows, and the one that no other follows.

    Read from its files: to import MLflow for it takes seconds of each start.
    """
    mlflow = find_spec("mlflow")
    if mlflow is None or mlflow.origin is None:
        raise StartError("MLflow is not installed beside this package.")
    known, followed = set(), set()
    for file in (Path(mlflow.origin).parent / "store" / "db_migrations" / "versions").glob("*.py"):
        text = file.read_text()
        known.update(re.findall(r'^revision = "(\w+)"', text, re.MULTILINE))
        followed.update(re.findall(r'^down_revision = "(\w+)"', text, re.MULTILINE))
    (newest,) = known - followed
    return known, newest


def _has_default_experiment(connection: Connection) -> bool:
    """Whether the last step of making a schema is done; a server that was killed has left it out."""
    return bool(connection.execute(sqlalchemy.text("SELECT 1 FROM experiments WHERE experiment_id = 0")).scalar())


def _migrate(engine: Engine, found: str, *, known: bool, upgrade: bool) -> None:
    if not known:
        raise SchemaError(
            f"the database's schema (revision {found}) was made by a newer MLflow than this one. "
            "Run the image of before, or restore a backup from before its upgrade."
        )
    if not upgrade:
        raise SchemaError(
            f"the database's schema (revision {found}) was made by an older MLflow than this one. "
            "Back it up and have it migrated (mlflow-azure upgrade --backup DIRECTORY, elsewhere "
            "MLFLOW_SERVER_SCHEMA_UPGRADE=true); the older MLflow cannot use it afterwards."
        )
    migrate(engine)


def migrate(engine: Engine) -> None:
    """Migrate the schema of an older MLflow to this one's."""
    from mlflow.store.db.utils import _upgrade_db

    _upgrade_db(engine)


def _make(uri: str) -> None:
    """Have MLflow make what is missing: tables, and the default experiment."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as ModelStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as RunStore

    RunStore(uri, ARTIFACT_ROOT)
    ModelStore(uri)
