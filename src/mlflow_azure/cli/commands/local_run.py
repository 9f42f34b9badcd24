"""`mlflow-azure local-run`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.build_options import BuildCa, build_context
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.local_answers import (
    DEFAULT_NAME,
    LocalDatabase,
    LocalImage,
    LocalRunAnswer,
    LocalRunStopAnswer,
    LocalStorage,
    named,
)
from mlflow_azure.cli.signals import ignore_signals, interrupted
from mlflow_azure.console import text
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import ContainerEngineError, MlflowAzureError, SettingsError
from mlflow_azure.image.build_ca import read_build_ca
from mlflow_azure.secret import Secret
from mlflow_azure.settings import POSTGRES, Settings

if TYPE_CHECKING:
    from mlflow_azure.local.containers import Containers
    from mlflow_azure.local.run import LocalRun


CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
_TAKE_DOWN_SECONDS = 60
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"

_WITHOUT = "Without an engine, a server runs here in the emulator: mlflow-azure deploy --cloud emulator"


@command("local-run", LocalRunAnswer, LocalRunStopAnswer, makes=True)
def local_run(
    run: Invocation,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave the server running in the background.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=1,
            max=65535,
            help="Port on 127.0.0.1. [default: MLFLOW_PORT]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the container.")] = DEFAULT_NAME,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the server of that name; its data is kept.")] = False,
    storage_connection_string: Annotated[
        bool,
        typer.Option(
            "--storage-connection-string",
            help=f"Store artifacts in the storage account given by the environment variable {CONNECTION_STRING}.",
        ),
    ] = False,
    use_deployed: Annotated[
        bool, typer.Option("--use-deployed", help="Store artifacts in the deployment's storage account.")
    ] = False,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Give MLflow 3 its own PostgreSQL instead of a database file.")
    ] = False,
    build_ca: BuildCa = None,
) -> None:
    """Run the image with Docker on this machine, as App Service would.

    Artifacts go to its own Azurite, runs to a volume; both are kept for the next run.

    Examples:
      mlflow-azure local-run --detach
      mlflow-azure local-run --mlflow 3
      mlflow-azure local-run --stop

    """
    _check_options(name, storage_connection_string=storage_connection_string, use_deployed=use_deployed)
    if stop:
        _stop(run, name)
        return
    found = _connection_string(run, from_environment=storage_connection_string, use_deployed=use_deployed)
    build_certificates = read_build_ca(build_ca, os.environ)

    def prepare() -> LocalRun:
        local = _prepare(run, name, port, found, postgres=postgres, build_ca=build_certificates)
        local.check()
        return local

    local = run.wait(prepare, "Asking the container engine")
    _bring_up(run, local, stays=detach)


def _check_options(name: str, *, storage_connection_string: bool, use_deployed: bool) -> None:
    if storage_connection_string and use_deployed:
        raise SettingsError(
            "--storage-connection-string and --use-deployed exclude each other", hint="Give one of them.", code="Usage"
        )
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,100}", name):  # Docker's rule, with room for its parts' names
        raise SettingsError(
            f"--name {name!r}: must be 2 to 101 letters, digits, underscores, periods and hyphens, and begin with a "
            "letter or digit",
            hint=f"Such as: --name {DEFAULT_NAME}",
        )


def _prepare(
    run: Invocation,
    name: str,
    port: int | None,
    connection_string: Secret | None,
    *,
    postgres: bool,
    build_ca: bytes | None,
) -> LocalRun:
    from mlflow_azure.image.docker_engine import connect
    from mlflow_azure.local.artifact_store import AzureStorage
    from mlflow_azure.local.run import prepare

    settings = _settings(run)
    if postgres and settings.mlflow_version != POSTGRES:
        raise SettingsError(
            f"--postgres: MLflow {settings.mlflow_version} keeps its runs in files",
            hint="mlflow-azure local-run --mlflow 3 --postgres",
            code="Usage",
        )
    account = AzureStorage(connection_string, settings.storage_container_name) if connection_string else None
    return prepare(
        connect(_WITHOUT),
        name,
        settings,
        build_context(settings),
        port=port or settings.mlflow_port,
        account=account,
        postgres=postgres,
        build_ca=build_ca,
        deadline=run.deadline,
    )


def _settings(run: Invocation) -> Settings:
    """Return the settings without asking Azure for the subscription: no name here depends on it."""
    return run.loaded.resolve(run.loaded.given("SUBSCRIPTION_ID") or _NO_SUBSCRIPTION)


def _connection_string(run: Invocation, *, from_environment: bool, use_deployed: bool) -> Secret | None:
    """Return the connection string of the Azure storage account, if one was requested."""
    if from_environment:
        if not (value := os.environ.get(CONNECTION_STRING)):
            raise SettingsError(
                f"--storage-connection-string: {CONNECTION_STRING} is not set in the environment",
                hint='Set it, for example: eval "$(mlflow-azure env --show-secrets)"',
            )
        return Secret(value)
    if not use_deployed:
        return None
    from mlflow_azure.deployment.connection import storage_connection

    return run.wait(lambda: storage_connection(run.azure, run.settings))


def _bring_up(run: Invocation, local: LocalRun, *, stays: bool) -> None:
    """Start the server and, unless detached, follow its log until it ends; then remove it."""
    started = False
    try:
        run.watch(local.events())
        started = True
        run.answer(_answer(local), goes_on=not stays)
        _warn_of_proxy(run, local.container.url)
        if not stays:
            _follow(run, local)
    except KeyboardInterrupt as cause:
        raise interrupted(cause, "the data is kept") from cause
    finally:
        if (started and not stays) or (not started and local.containers.changed):
            _take_down(run, local.containers)


def _warn_of_proxy(run: Invocation, url: str) -> None:
    from mlflow_azure.local.mlflow_container import goes_through_proxy

    if goes_through_proxy(url):
        run.console.warn(
            f"HTTP_PROXY sends requests for {url} to a proxy, which cannot reach it.",
            "export NO_PROXY=127.0.0.1,$NO_PROXY",
        )


def _follow(run: Invocation, local: LocalRun) -> None:
    """Show the log on stderr until the container ends: stdout is for the answer only."""
    run.note("The server's log; Ctrl+C stops the server:")
    for line in local.log():
        run.note(text.clean(line))
    if code := local.exit_code():
        raise ContainerEngineError(
            f"running container {local.containers.name}: it exited with code {code}",
            hint="Read the lines above. To retry, run the command again.",
            code="ContainerEnded",
        )
    run.note("The server was stopped.")


def _take_down(run: Invocation, containers: Containers) -> None:
    """Stop and remove the containers. A second Ctrl+C must not interrupt this; an unresponsive engine may."""
    ignore_signals()
    with run.console.busy("Stopping the server"):
        try:
            Deadline(_TAKE_DOWN_SECONDS).call(containers.remove)
        except MlflowAzureError as error:
            run.console.warn(error.message, f"mlflow-azure local-run --stop{named(containers.name)}")


def _stop(run: Invocation, name: str) -> None:
    from mlflow_azure.image.docker_engine import connect
    from mlflow_azure.local.containers import Containers

    stopped = run.wait(lambda: Containers(connect(_WITHOUT), name).remove(), "Stopping the server")
    run.answer(LocalRunStopAnswer(stopped, name))


def _answer(local: LocalRun) -> LocalRunAnswer:
    storage, database = local.storage, local.database
    return LocalRunAnswer(
        url=local.container.url,
        tracking_uri=local.container.url,
        container=local.containers.name,
        image=LocalImage(local.image.name),
        storage=LocalStorage("azurite" if storage.is_local else "azure", storage.account, storage.container),
        database=LocalDatabase("postgres" if database.tasks else "sqlite", database.volume) if database else None,
        environment=local.client_environment(),
    )
