"""How the requests of a worker share its connections to the database.

MLflow opens a session inside another: log_batch, for one, holds a connection and asks for a second. Once as many
requests have come that far as there are connections, each waits for another to let go; after 30 seconds the pool gives
up, and MLflow answers with 400, which no client tries again. So only as many requests have sessions at a time as can
all get what they need, and the others wait for their turn.

MLflow opens its stores at the first request, and again for each that comes meanwhile, with a look at all tables each
time. A server that starts under load would be busy with that, so they are opened before the first request.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mlflow.store.db.utils
import mlflow.store.model_registry.sqlalchemy_store as models
import mlflow.store.tracking.sqlalchemy_store as runs
from mlflow.server import handlers

from mlflow3_app import schema

_DEPTH = 3
"""Sessions inside one another: MLflow has two at most, as far as is known."""

SessionMaker = Callable[..., Any]


def share(connections: int) -> None:
    """Let MLflow's stores take turns at `connections` connections, which both take from one pool.

    Args:
        connections: That a worker may hold; at least _DEPTH.

    """
    turns = _Turns((connections - 1) // (_DEPTH - 1))
    make = mlflow.store.db.utils._get_managed_session_maker  # noqa: SLF001 - no hook is offered

    def make_taking_turns(maker: SessionMaker, db_type: str) -> SessionMaker:
        managed = make(maker, db_type)

        @contextmanager
        def session(*arguments: Any, **options: Any) -> Iterator[Any]:
            with turns.one(), managed(*arguments, **options) as opened:
                yield opened

        return session

    for module in (mlflow.store.db.utils, models):
        module._get_managed_session_maker = make_taking_turns  # noqa: SLF001
    models.SqlAlchemyStore._engine_map = runs.SqlAlchemyStore._engine_map  # noqa: SLF001


def open_stores() -> None:
    """Open MLflow's stores, of runs and of models. Raises what SQLAlchemy raises where the database does not answer.

    Each compares the schema's revision with the newest, for which MLflow would load its migrations, eighty modules.
    """
    mlflow.store.db.utils._get_latest_schema_revision = lambda: schema.revisions()[1]  # noqa: SLF001
    handlers._get_tracking_store()  # noqa: SLF001 - as each of its handlers does
    handlers._get_model_registry_store()  # noqa: SLF001


class _Turns:
    """So many threads at a time; one that has its turn goes on with what it has."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._mine = threading.local()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have a turn, waiting for it."""
        if getattr(self._mine, "turn", False):
            yield
            return
        with self._free:
            self._mine.turn = True
            try:
                yield
            finally:
                self._mine.turn = False
