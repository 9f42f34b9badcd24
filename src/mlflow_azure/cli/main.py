"""The entry point: all commands, and what happens to a line that cannot be parsed."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure import __version__, console
from mlflow_azure.cli import (
    auth,
    browse,
    cd,
    deploy,
    destroy,
    doctor,
    emulator,
    env,
    local_run,
    logs,
    settings,
    ssh,
    status,
)
from mlflow_azure.cli.invocation import interrupted, wants_json
from mlflow_azure.errors import MlflowAzureError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "mlflow-azure"

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = (
        False
    ),
) -> None:
    """Deploy an MLflow tracking server to Azure, and operate it.

    Try it without an Azure account: mlflow-azure deploy --cloud emulator
    """


deploy.register(app)
destroy.register(app)
local_run.register(app)
status.register(app)
logs.register(app)
browse.register(app)
ssh.register(app)
env.register(app)
doctor.register(app)
app.add_typer(auth.app, name="auth")
app.add_typer(cd.app, name="cd")
app.add_typer(settings.app, name="settings")
app.add_typer(emulator.app, name="emulator")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code: see errors.py for what each means."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    # Without a handler Python prints the SDK's warnings; what matters of them is in our own errors.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    try:
        sys.exit(app(args=argv or ["--help"], prog_name=PROGRAM, standalone_mode=False))
    except typer.TyperException as error:
        sys.exit(_usage_error(argv, error))
    except (typer.Abort, KeyboardInterrupt):
        command = itertools.takewhile(lambda word: not word.startswith("-"), argv)
        sys.exit(_report(argv, " ".join(command), interrupted()))


def _usage_error(argv: list[str], error: typer.TyperException) -> int:
    """Report a line that cannot be parsed as every other failure is reported."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    fault = SettingsError(message, hint=f"See: {command} --help", code="Usage")
    return _report(argv, command.removeprefix(PROGRAM).strip(), fault)


def _report(argv: list[str], command: str, error: MlflowAzureError) -> int:
    """Report a failure outside of any command."""
    out = console.create(
        output="json" if wants_json(argv) else "text",
        verbose=False,
        environ=os.environ,
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    out.failure(command or "help", error)
    return error.exit_code
