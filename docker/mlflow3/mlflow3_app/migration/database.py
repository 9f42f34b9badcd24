"""Writes runs into the database of MLflow 3, reads them back, and remembers which were moved.

The tables are those of the MLflow that is pinned beside this package. A table of our own beside them says for each run
which files it was read from and what both sides told of it; it is written with the run, in one transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from mlflow3_app.migration.file_store import CannotMoveError
from mlflow3_app.migration.run import Point, Run, latest

_MOVED = "mlflow_azure_moved_runs"
_TABLES = ("experiments", "experiment_tags", "runs", "params", "tags", "metrics", "latest_metrics")
_LOCK = 2_718_281_828  # any number, but that of schema.py
_WHOLE = {"INTEGER": 31, "BIGINT": 63}
_ROW = (
    *("run_uuid", "name", "experiment_id", "user_id", "status", "start_time", "end_time", "lifecycle_stage"),
    "artifact_uri",
)
# What 1.5.0 writes for all runs, and later versions as well (mlflow/store/tracking/file_store.py).
_SOURCE = {"source_type": "LOCAL", "source_name": "", "entry_point_name": "", "source_version": ""}


@dataclass(frozen=True)
class Moved:
    """What is remembered of a run that was moved."""

    run: str
    experiment: int
    fingerprint: str
    file_hash: str
    database_hash: str
    params: int
    tags: int
    points: int
    repeated: int


class Database:
    """The database of MLflow 3, whose schema is there."""

    def __init__(self, engine: Engine) -> None:
        """Look at what its columns take, and make our table."""
        self.engine = engine
        found = sqlalchemy.inspect(engine)
        self._columns = {table: {each["name"]: each["type"] for each in found.get_columns(table)} for table in _TABLES}
        with engine.begin() as connection:
            connection.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {_MOVED} (run varchar(32) PRIMARY KEY, experiment integer NOT NULL, "
                    "fingerprint varchar(64) NOT NULL, file_hash varchar(64) NOT NULL, "
                    "database_hash varchar(64) NOT NULL, params integer NOT NULL, tags integer NOT NULL, "
                    "points integer NOT NULL, repeated integer NOT NULL)"
                )
            )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other passes waiting, those of another instance too; PostgreSQL lets go with the connection."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))

    def check(self, run: Run) -> None:
        """Refuse what the columns do not take. Raises CannotMoveError."""
        self._check("runs", run.row)
        for table, values in (("params", run.params), ("tags", run.tags)):
            for key, value in values.items():
                self._check(table, {"key": key, "value": value})
        for key in {each[0] for each in run.points}:
            self._check("metrics", {"key": key})
        for place, column in ((1, "timestamp"), (2, "step")):
            for extreme in (min, max):
                self._check("metrics", {column: extreme((each[place] for each in run.points), default=0)})

    def check_experiment(self, row: dict[str, Any], tags: dict[str, str]) -> None:
        """Refuse what the columns do not take. Raises CannotMoveError."""
        self._check("experiments", row)
        for key, value in tags.items():
            self._check("experiment_tags", {"key": key, "value": value})

    def _check(self, table: str, row: dict[str, Any]) -> None:
        for column, value in row.items():
            kind = self._columns[table][column]
            if isinstance(value, str):
                _check_text(table, column, value, getattr(kind, "length", None))
            elif isinstance(value, int) and (bits := _WHOLE.get(str(kind))) and not -(1 << bits) <= value < 1 << bits:
                raise CannotMoveError(f"{table}.{column} {value} is larger than the database takes")

    def moved(self) -> dict[str, Moved]:
        """What was moved, by run."""
        with self.engine.connect() as connection:
            return {row[0]: Moved(*row) for row in connection.execute(text(f"SELECT * FROM {_MOVED}"))}  # noqa: S608

    def forget(self, runs: Iterable[str]) -> None:
        """Remember nothing more of runs that are no longer in the file store; what the database has of them stays."""
        if gone := list(runs):
            with self.engine.begin() as connection:
                connection.execute(text(f"DELETE FROM {_MOVED} WHERE run = ANY(:gone)"), {"gone": gone})  # noqa: S608

    def write(self, runs: Sequence[tuple[Run, str]]) -> list[Moved]:
        """Write runs, each with the fingerprint of its files, all of them or none.

        Raises:
            CannotMoveError: The database tells another run than was written, or has one that MLflow 3 changed.
            sqlalchemy.exc.DBAPIError: It refuses one.

        """
        ids = [run.id for run, _ in runs]
        with self.engine.begin() as connection:
            known = {row[0]: row[1] for row in connection.execute(_KNOWN, {"ids": ids})}
            wanted = {run.id: run.hash for run, _ in runs}
            for run in _read(connection, ids):
                if run.hash not in (known.get(run.id), wanted[run.id]):
                    raise CannotMoveError("the database holds another version of it, changed since by MLflow 3")
            _write(connection, [run for run, _ in runs])
            there = {run.id: run.hash for run in _read(connection, ids)}
            moved = [
                Moved(
                    run.id,
                    int(str(run.row["experiment_id"])),
                    fingerprint,
                    wanted[run.id],
                    there.get(run.id, ""),
                    *run.counts,
                    run.repeated,
                )
                for run, fingerprint in runs
            ]
            if any(each.file_hash != each.database_hash for each in moved):
                raise CannotMoveError("the database tells it otherwise than the files")
            connection.execute(text(f"DELETE FROM {_MOVED} WHERE run = ANY(:ids)"), {"ids": ids})  # noqa: S608
            _copy(connection, _MOVED, tuple(Moved.__annotations__), [tuple(vars(each).values()) for each in moved])
        return moved

    def write_experiments(self, experiments: Sequence[tuple[dict[str, Any], dict[str, str]]]) -> None:
        """Write experiments with their tags, all of them or none, and set the next id behind the highest."""
        with self.engine.begin() as connection:
            # Two that changed names with each other would be in each other's way.
            connection.execute(
                text("UPDATE experiments SET name = :other WHERE experiment_id = :id AND name <> :name"),
                [
                    {"id": row["experiment_id"], "name": row["name"], "other": f"mlflow-azure {row['experiment_id']}"}
                    for row, _ in experiments
                ],
            )
            for row, tags in experiments:
                connection.execute(_EXPERIMENT, row)
                number = row["experiment_id"]
                connection.execute(text("DELETE FROM experiment_tags WHERE experiment_id = :id"), {"id": number})
                _copy(
                    connection,
                    "experiment_tags",
                    ("experiment_id", "key", "value"),
                    [(number, key, value) for key, value in tags.items()],
                )
            connection.execute(_SEQUENCE)

    def counts(self) -> dict[int, tuple[int, int, int, int]]:
        """How many runs, params, tags and points the database has of what was moved, by experiment."""
        found: dict[int, list[int]] = {}
        with self.engine.connect() as connection:
            for place, table in enumerate(("runs", "params", "tags", "metrics")):
                counted = connection.execute(
                    text(
                        f"SELECT r.experiment_id, sum(t.n) FROM (SELECT run_uuid, count(*) AS n FROM {table} "  # noqa: S608
                        f"GROUP BY run_uuid) t JOIN {_MOVED} m ON m.run = t.run_uuid "
                        "JOIN runs r ON r.run_uuid = t.run_uuid GROUP BY r.experiment_id"
                    )
                )
                for experiment, number in counted:
                    found.setdefault(experiment, [0, 0, 0, 0])[place] = int(number)
        return {experiment: (each[0], each[1], each[2], each[3]) for experiment, each in found.items()}

    def experiments(self) -> list[tuple[str, str, bool]]:
        """Id and name of the experiments that are there, and whether MLflow 3 made them.

        Only those have a time of creation: 1.5.0 keeps none. What MLflow 3 makes by itself, the experiment "Default",
        counts as moved.
        """
        asked = text("SELECT experiment_id, name, creation_time IS NOT NULL FROM experiments")
        with self.engine.connect() as connection:
            return [(str(number), name, made and number != 0) for number, name, made in connection.execute(asked)]


_KNOWN = text(f"SELECT run, database_hash FROM {_MOVED} WHERE run = ANY(:ids)")  # noqa: S608 - our own name
_EXPERIMENT = text(
    "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
    "VALUES (:experiment_id, :name, :artifact_location, :lifecycle_stage) "
    "ON CONFLICT (experiment_id) DO UPDATE SET name = excluded.name, "
    "artifact_location = excluded.artifact_location, lifecycle_stage = excluded.lifecycle_stage"
)
_SEQUENCE = text(
    "SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'), "
    "greatest(1, (SELECT max(experiment_id) FROM experiments)))"
)


def _check_text(table: str, column: str, value: str, length: int | None) -> None:
    if "\0" in value:
        raise CannotMoveError(f"{table}.{column} has a NUL character: {value[:80]!r}")
    if length is not None and len(value) > length:
        raise CannotMoveError(f"{table}.{column} has {len(value):,} characters, and the database takes {length:,}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CannotMoveError(f"{table}.{column} is not UTF-8: {value[:80]!r}") from None


def _write(connection: Connection, runs: Sequence[Run]) -> None:
    """Write runs in the place of what there is of them. What MLflow 3 ties to a run is not touched."""
    ids = {"ids": [run.id for run in runs]}
    for table in ("latest_metrics", "metrics", "params", "tags"):
        connection.execute(text(f"DELETE FROM {table} WHERE run_uuid = ANY(:ids)"), ids)  # noqa: S608 - our own names
    columns = [*_ROW, *_SOURCE]
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    connection.execute(
        text(
            f"INSERT INTO runs ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)}) "  # noqa: S608
            f"ON CONFLICT (run_uuid) DO UPDATE SET {changed}"
        ),
        [{**run.row, **_SOURCE} for run in runs],
    )
    values = ("run_uuid", "key", "value")
    _copy(connection, "params", values, [(run.id, *each) for run in runs for each in run.params.items()])
    _copy(connection, "tags", values, [(run.id, *each) for run in runs for each in run.tags.items()])
    points = ("run_uuid", "key", "timestamp", "step", "is_nan", "value")
    _copy(connection, "metrics", points, [(run.id, *each) for run in runs for each in run.points])
    shown = [(run.id, *each) for run in runs for each in latest(run.points).values()]
    _copy(connection, "latest_metrics", points, shown)


def _read(connection: Connection, ids: Sequence[str]) -> list[Run]:
    """What the database has of runs."""
    asked = {"ids": list(ids)}
    rows = connection.execute(text(f"SELECT {', '.join(_ROW)} FROM runs WHERE run_uuid = ANY(:ids)"), asked)  # noqa: S608
    found = {row.run_uuid: Run(dict(row._mapping), {}, {}, []) for row in rows}  # noqa: SLF001 - its public name
    for table in ("params", "tags"):
        for run, key, value in connection.execute(
            text(f"SELECT run_uuid, key, value FROM {table} WHERE run_uuid = ANY(:ids)"),  # noqa: S608
            asked,
        ):
            getattr(found[run], table)[key] = value
    points: list[tuple[str, Point]] = [
        (row[0], (row[1], row[2], row[3], row[4], row[5]))
        for row in connection.execute(
            text("SELECT run_uuid, key, timestamp, step, is_nan, value FROM metrics WHERE run_uuid = ANY(:ids)"), asked
        )
    ]
    for run, each in sorted(points):
        found[run].points.append(each)
    return list(found.values())


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows the fastest way there is: https://www.postgresql.org/docs/current/sql-copy.html."""
    lines = "".join("\t".join(map(_field, row)) + "\n" for row in rows)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", StringIO(lines))  # type: ignore[attr-defined]


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return repr(value)  # of a float: all of its digits
