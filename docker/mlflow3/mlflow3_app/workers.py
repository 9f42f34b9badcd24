"""Several workers that are forked from this process, and so have MLflow in common.

uvicorn would start each anew, with an import and a memory of its own.
"""

import gc
import multiprocessing
import os
import signal

import sqlalchemy.orm
from uvicorn import _subprocess
from uvicorn.supervisors.multiprocess import SIGNALS

from mlflow3_app import identity


def share() -> None:
    """Load what the workers are to have in common, and have uvicorn fork them."""
    from mlflow3_app import application  # noqa: F401 - the imports are what is wanted of it

    sqlalchemy.orm.configure_mappers()
    identity.credential.cache_clear()  # it holds connections, which cannot be shared
    gc.freeze()
    _subprocess.spawn = multiprocessing.get_context("fork")
    os.register_at_fork(after_in_child=_forget_handlers)


def _forget_handlers() -> None:
    """Have signals end a worker that does not listen for them yet, instead of what they do in the first process."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
