"""Tasks behind HTTP, for the command that asks for them: PUT /KIND/NAME begins one, or tells how far it is.

So it can be asked again after whatever happened. One task at a time; who asks has to show the token. GET /database
tells what the database holds, and GET /container gives a key to the blob container.

    passes   moves runs of the file store of MLflow 1.5.0 that is mounted (migration/)
    dumps    the database to a folder of the container (transfer/dump.py)
    loads    such a folder to the database; `moves` a file store, packed (transfer/load.py)
    schemas  the schema to this MLflow's
"""

import hmac
import json
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import Engine

from mlflow3_app import schema
from mlflow3_app.settings import Settings

_PATH = re.compile(r"/([a-z]+)/([A-Za-z0-9-]{1,64})")
_LOCK = 1_414_213_562  # any number, but those of schema.py and migration/database.py
_HOURS = 2.0
"""For how long a key to the container is good; whoever needs it longer asks again."""


class Task(Protocol):
    """Something to do; `report` tells meanwhile how far it is."""

    @property
    def report(self) -> Mapping[str, Any]:
        """How far it is."""

    def __call__(self) -> Mapping[str, Any]:
        """Do it, and tell what came of it."""


Make = Callable[[Mapping[str, Any]], Task]
Look = Callable[[str], Mapping[str, Any]]
"""Tells something at once, after the query of a request."""


class Tasks:
    """The tasks of this process, by name."""

    def __init__(self, makers: Mapping[str, Make]) -> None:
        self._makers = makers
        self._lock = threading.Lock()
        self._states: dict[str, Mapping[str, Any]] = {}
        self._under_way: tuple[str, Task] | None = None

    def ask(self, kind: str, name: str, wish: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Begin it where it is not known; how far it is: waiting for another, running, done or failed."""
        with self._lock:
            if name in self._states:
                return self._states[name]
            if kind not in self._makers:
                return None
            if self._under_way is None:
                made = self._makers[kind](wish)
                self._under_way = name, made
                threading.Thread(target=self._do, args=(name, made), daemon=True).start()
            under_way, doing = self._under_way
            return {"state": "running" if under_way == name else "waiting", "report": doing.report}

    def _do(self, name: str, made: Task) -> None:
        state: Mapping[str, Any]
        try:
            state = {"state": "done", "report": made()}
        except Exception as error:  # noqa: BLE001 - whatever it is, who asks is told
            state = {"state": "failed", "reason": _reason(error)}
        with self._lock:
            self._states[name] = state
            self._under_way = None


def _reason(error: Exception) -> str:
    """Why something failed, in a line; the rest goes to the log."""
    traceback.print_exception(error)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def serve(settings: Settings) -> None:
    """Answer until the process is ended. Whoever has not got the token is told nothing."""
    if settings.migrate_from:
        makers, looks = _passes(settings), {}
    else:
        makers, looks = _transfers(settings)
    handler = _handler(Tasks(makers), looks, settings.task_token)
    with ThreadingHTTPServer((settings.host, settings.port), handler) as server:
        server.serve_forever()


def _handler(tasks: Tasks, looks: Mapping[str, Look], token: str) -> type[BaseHTTPRequestHandler]:
    """What answers the requests of whoever shows the token."""

    def begun_or_told(path: str, wish: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        asked = _PATH.fullmatch(path)
        state = tasks.ask(asked[1], asked[2], wish) if asked else None
        return (200, state) if state else (404, {})

    def looked(path: str, query: str) -> tuple[int, Mapping[str, Any]]:
        if path not in looks:
            return 404, {}
        try:
            return 200, looks[path](query)
        except Exception as error:  # noqa: BLE001 - whatever it is, who asks is told
            return 500, {"reason": _reason(error)}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            wish = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(lambda: begun_or_told(self.path, json.loads(wish or b"{}")))

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            self._answer(lambda: looked(path, query))

        def _answer(self, make: Callable[[], tuple[int, Mapping[str, Any]]]) -> None:
            shown = self.headers.get("Authorization", "")
            may = hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
            status, body = make() if may else (401, {})
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing: it is asked every second."""

    return Handler


def _passes(settings: Settings) -> dict[str, Make]:
    from mlflow3_app.migration.database import Database
    from mlflow3_app.migration.file_store import FileStore
    from mlflow3_app.migration.passes import Pass

    database = Database(sqlalchemy.create_engine(settings.database_uri, pool_pre_ping=True))
    store = FileStore(Path(settings.migrate_from), settings.migrated_artifacts)

    class PassTask:
        def __init__(self) -> None:
            self._pass = Pass(store, database)

        @property
        def report(self) -> Mapping[str, Any]:
            return self._pass.report.data()

        def __call__(self) -> Mapping[str, Any]:
            return self._pass().data()

    return {"passes": lambda _wish: PassTask()}


def _transfers(settings: Settings) -> tuple[dict[str, Make], dict[str, Look]]:
    from mlflow3_app.transfer.container import Container
    from mlflow3_app.transfer.dump import Dump, engine_of
    from mlflow3_app.transfer.load import Load, Migrate, Move
    from mlflow3_app.transfer.tables import contents

    engine = engine_of(settings.database_uri)
    container = Container(settings.artifact_destination, settings.blob_endpoint)

    def database(_query: str) -> Mapping[str, Any]:
        known, newest = schema.revisions()
        with engine.connect() as connection:
            found = schema.revision_of(connection)
            held = contents(connection)
        age = "same" if found in (None, newest) else "older" if found in known else "newer"
        return {"revision": found, "age": age, "known": sorted(known), "contents": held}

    def once(make: Callable[[Mapping[str, Any]], Task]) -> Make:
        return lambda wish: _Once(make(wish), engine, container, str(wish["result"]))

    return {
        "dumps": once(lambda wish: Dump(engine, container, wish["folder"])),
        "loads": once(lambda wish: Load(engine, container, wish["folder"], wish["before"], wish["after"])),
        "moves": once(lambda wish: Move(engine, container, wish["folder"], wish["before"])),
        "schemas": once(lambda _wish: Migrate(engine)),
    }, {
        "/database": database,
        "/container": lambda query: container.access(write=query == "write", hours=_HOURS),
    }


class _Once:
    """A task that is done once by all instances of the web app, whichever is asked for it."""

    def __init__(self, task: Task, engine: Engine, container: Any, result: str) -> None:
        self._task = task
        self._engine = engine
        self._container = container
        self._result = result

    @property
    def report(self) -> Mapping[str, Any]:
        return self._task.report

    def __call__(self) -> Mapping[str, Any]:
        # PostgreSQL drops the lock with the connection, however that ends.
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
            found: Mapping[str, Any] | None = self._container.read(self._result)
            if found is None:
                found = self._task()
                self._container.write(self._result, found)
            return found
