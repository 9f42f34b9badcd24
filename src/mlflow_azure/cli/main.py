"""The entry point: all commands, and what happens to a line that cannot be parsed."""

from __future__ import annotations

import importlib
import itertools
import logging
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure import __version__, console
from mlflow_azure.cli.invocation import COMMANDS, end_on_signals, interrupted, wants_json
from mlflow_azure.errors import MlflowAzureError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "mlflow-azure"

GROUPS = {
    "auth": "Microsoft Entra sign-in in front of the server.",
    "cd": "Redeploy when a new image is pushed.",
    "settings": "Write, show and import settings.",
    "emulator": "Azure on this machine: try everything without an account.",
}
NAMES = (
    *("deploy", "plan", "destroy", "local-run", "status", "logs", "open", "ssh", "env", "doctor"),
    *("auth enable", "auth disable", "auth token", "cd enable", "cd disable", "cd status"),
    *("settings init", "settings show", "settings import"),
    *("emulator start", "emulator stop", "emulator status", "emulator reset"),
)
"""The commands in the order in which the help lists them. The first word names the module of each."""

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


def _assemble() -> None:
    """Put the commands into the application and its groups."""
    groups = {name: typer.Typer(no_args_is_help=True, help=about) for name, about in GROUPS.items()}
    for name in NAMES:
        importlib.import_module(f"mlflow_azure.cli.commands.{name.split()[0].replace('-', '_')}")
        group, _, last = name.rpartition(" ")
        command = COMMANDS[name]
        words = {"allow_interspersed_args": not command.options_first}
        (groups[group] if group else app).command(last, context_settings=words)(command.call)
    for name, group_app in groups.items():
        app.add_typer(group_app, name=name)


_assemble()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code: see errors.py for what each means."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    # Without a handler Python prints the SDK's warnings; what matters of them is in our own errors.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    end_on_signals()
    try:
        sys.exit(app(args=argv or ["--help"], prog_name=PROGRAM, standalone_mode=False))
    except typer.TyperException as error:
        sys.exit(_usage_error(argv, error))
    except (typer.Abort, KeyboardInterrupt) as cause:
        command = itertools.takewhile(lambda word: not word.startswith("-"), argv)
        sys.exit(_report(argv, " ".join(command), interrupted(cause)))


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
