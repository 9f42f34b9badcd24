"""Starts the server: settings, schema, then uvicorn in the place of this process.

Where MLFLOW_SERVER_MIGRATION_TOKEN is set, tasks are done instead, for whoever shows it (tasks.py).

Ends with 2 where a setting is missing or malformed, with 3 where the database's schema is not this MLflow's, and with 1
where the database does not answer; each time with a sentence that says so. No value of a secret is ever printed.
"""

import os
import sys

from mlflow3_app import schema
from mlflow3_app.environment import mlflow_environment
from mlflow3_app.errors import StartError
from mlflow3_app.settings import Settings


def main() -> None:
    """Become the server."""
    try:
        settings = Settings.read(os.environ)
        os.environ.update(mlflow_environment(settings))
        if settings.task_token:
            _do_tasks(settings)
        schema.prepare(settings.database_uri, upgrade=settings.schema_upgrade)
    except StartError as error:
        sys.stderr.write(f"mlflow: {error}\n")
        sys.exit(error.code)
    os.execv(sys.executable, [sys.executable, "-m", *_uvicorn(settings)])  # noqa: S606 - no shell is wanted


def _do_tasks(settings: Settings) -> None:
    """Do what is asked for, until this process is ended."""
    from mlflow3_app.tasks import serve

    if settings.migrate_from:
        schema.prepare(settings.database_uri, upgrade=settings.schema_upgrade)
    serve(settings)


def _uvicorn(settings: Settings) -> list[str]:
    return [
        "uvicorn",
        "mlflow3_app.server:app",
        f"--host={settings.host}",
        f"--port={settings.port}",
        f"--workers={settings.workers}",
        # An open upload would hold a stop for ever; `docker stop` and App Service kill after 10 seconds.
        "--timeout-graceful-shutdown=8",
        # A worker that imports MLflow on a small plan is silent for longer than the 5 seconds it would get.
        "--timeout-worker-healthcheck=60",
        # MLflow lets callers on this machine do more, and a caller could claim to be one in X-Forwarded-For.
        "--no-proxy-headers",
    ]


main()
