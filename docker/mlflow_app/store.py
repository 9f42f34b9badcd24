"""MLflow's store: ready before the first request, and safe for several threads."""

import threading
from functools import wraps
from typing import Any

from flask import Flask, Response
from mlflow.entities import Experiment, ViewType
from mlflow.server import handlers

from mlflow_app.file_store import IndexedFileStore, use_c_loader


def initialize(file_store: str, artifact_root: str) -> None:
    """Open the store at `file_store`, and see to it that there is an experiment.

    MLflow 1.5.0 makes the default experiment only together with the directory of its file store. In a
    directory that was there before, such as the mount point of a share, a client that names no experiment
    would fail.
    """
    use_c_loader()
    for scheme in ("", "file"):
        handlers._tracking_store_registry.register(scheme, IndexedFileStore)  # noqa: SLF001 - where it is looked up
    handlers.initialize_backend_stores(file_store, artifact_root)
    store = handlers._get_tracking_store()  # noqa: SLF001 - the one that requests use
    if not store.list_experiments(ViewType.ALL):
        store.create_experiment(Experiment.DEFAULT_EXPERIMENT_NAME)


def create_experiments_one_at_a_time(app: Flask) -> None:
    """Serialize the requests that create experiments.

    The file store numbers a new experiment by counting, so of two created at once one would fail.
    """
    create = app.view_functions["_create_experiment"]
    lock = threading.Lock()

    @wraps(create)
    def create_alone(*args: Any, **kwargs: Any) -> Response:
        with lock:
            return create(*args, **kwargs)

    app.view_functions["_create_experiment"] = create_alone
