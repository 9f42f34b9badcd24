"""`mlflow-azure emulator start | stop | status | reset`, and the emulator as a cloud for the other commands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.clouds import ClientSecret, Cloud, CloudName
from mlflow_azure.console import Console, text
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

RUNTIMES = {
    "process": "as processes, with the image's locked requirements in a virtual environment",
    "container": "as containers of the pushed image",
}

app = typer.Typer(help="Azure on this machine: try everything without an account.", no_args_is_help=True)


def running_cloud(console: Console) -> Cloud:
    """The emulator as a cloud; it is started where it is not running."""
    client = _client()
    with _failures():
        if client.endpoint() is None:
            console.note("Starting the emulator. Stop it with: mlflow-azure emulator stop")
        found = client.start()
    return Cloud(
        CloudName.EMULATOR,
        resource_manager=found["resource_manager"],
        authority=found["authority"],
        graph=found["graph"],
        site_scheme="http",
        ca_file=found["ca_file"],
        sign_in=ClientSecret(found["tenant_id"], found["client_id"], Secret(found["client_secret"])),
        subscription_id=found["subscription_id"],
        remark=f"Deploying to the emulator: web apps run for real on this machine, {RUNTIMES[found['runtime']]}.",
    )


@command(app, "start", path="emulator start", settings=False)
def start(run: Invocation) -> None:
    """Start the emulator in the background. Does nothing when it is running."""
    client = _client()
    with _failures():
        client.start()
        status = client.status()
    run.answer(status, _text(status))


@command(app, "stop", path="emulator stop", settings=False)
def stop(run: Invocation) -> None:
    """Stop the emulator and everything it runs. What was deployed is there again after the next start."""
    client = _client()
    with _failures():
        stopped = client.stop()
    run.answer({"stopped": stopped}, "The emulator is stopped." if stopped else "The emulator was not running.")


@command(app, "status", path="emulator status", settings=False)
def status(run: Invocation) -> None:
    """Show whether the emulator runs, where, and what it runs."""
    client = _client()
    with _failures():
        found = client.status()
    if found is None:
        run.answer({"running": False}, "The emulator is not running.")
    else:
        run.answer({"running": True, **found}, _text(found))


@command(app, "reset", path="emulator reset", settings=False)
def reset(run: Invocation) -> None:
    """Stop the emulator and delete everything that was deployed to it, data too."""
    client = _client()
    if not run.confirm("Delete everything in the emulator, data too?"):
        raise SettingsError("not reset: you did not agree", hint="Nothing was changed.", code="NotConfirmed")
    with _failures():
        client.reset()
    run.answer({"reset": True}, "The emulator is stopped, and empty.")


def _client() -> ModuleType:
    try:
        from mlflow_azure.emulator import client
    except ImportError as error:
        raise SettingsError(
            f"the emulator is not installed ({error.name} is missing)",
            hint="pip install 'mlflow-azure[emulator]'",
            code="EmulatorNotInstalled",
        ) from error
    return client


@contextmanager
def _failures() -> Iterator[None]:
    from mlflow_azure.emulator.client import EmulatorError

    try:
        yield
    except EmulatorError as error:
        raise MlflowAzureError(
            str(error), hint="To begin anew: mlflow-azure emulator reset", code="EmulatorFailed"
        ) from error


def _text(status: Mapping[str, Any]) -> str:
    return text.fields(
        [(name.replace("_", " "), value) for name, value in status.items() if value not in (None, [], {})]
    )
