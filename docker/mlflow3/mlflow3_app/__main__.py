"""Starts the server: settings, schema, then uvicorn, all in one process: another would import the half of it again.

Where MLFLOW_SERVER_MIGRATION_TOKEN is set, tasks are done instead, for whoever shows it (tasks.py).

Ends with 2 where a setting is missing or malformed, with 3 where the database's schema is not this MLflow's, and with 1
where the database does not answer; each time with a sentence that says so. No value of a secret is ever printed.
"""

import gc
import os
import sys

gc.disable()  # to look through what the imports make takes a fifth of the start, and finds nothing
# ruff: noqa: E402 - so it comes before them

from mlflow3_app import schema
from mlflow3_app.environment import mlflow_environment
from mlflow3_app.errors import StartError
from mlflow3_app.settings import Settings


def main() -> None:
    """Be the server."""
    try:
        settings = Settings.read(os.environ)
        os.environ.update(mlflow_environment(settings))
        if settings.task_token:
            _do_tasks(settings)
        schema.prepare(settings.database_uri, upgrade=settings.schema_upgrade)
    except StartError as error:
        sys.stderr.write(f"mlflow: {error}\n")
        sys.exit(error.code)
    _serve(settings)


def _do_tasks(settings: Settings) -> None:
    """Do what is asked for, until this process is ended."""
    from mlflow3_app.tasks import serve

    gc.enable()
    if settings.migrate_from:
        schema.prepare(settings.database_uri, upgrade=settings.schema_upgrade)
    serve(settings)


def _serve(settings: Settings) -> None:
    """Serve MLflow, until this process is ended."""
    import uvicorn

    if settings.workers > 1:
        from mlflow3_app import workers

        workers.share()
    uvicorn.run(
        "mlflow3_app.server:app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        # An open upload would hold a stop for ever; `docker stop` and App Service kill after 10 seconds.
        timeout_graceful_shutdown=8,
        # On a small plan a worker may be silent for longer than the 5 seconds it would get.
        timeout_worker_healthcheck=60,
        # MLflow lets callers on this machine do more, and a caller could claim to be one in X-Forwarded-For.
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
