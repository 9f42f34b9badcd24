"""The entry point: all commands, and the handling of command lines that cannot be parsed."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from mlflow_azure import __version__
from mlflow_azure.cli.lazy import PLAIN, Ended, LazyCommand, LazyGroup, off_unless_given
from mlflow_azure.cli.names import GROUPS, NAMES, PROGRAM
from mlflow_azure.cli.signals import end_on_signals, hidden_by, interrupted
from mlflow_azure.errors import as_ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.errors import MlflowAzureError

HELP_COLUMNS = 100

app = typer.Typer(
    name=PROGRAM,
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_COLUMNS},
    **PLAIN,
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

    Try it without an Azure account:

    mlflow-azure deploy --cloud emulator
    """


for group, about in GROUPS.items():
    app.add_typer(typer.Typer(cls=LazyGroup, help=about, **PLAIN), name=group)


def command_line() -> LazyGroup:
    """All commands, none of them imported yet."""
    root = cast("LazyGroup", typer.main.get_command(app))
    for switch in root.params:  # the completion's options
        off_unless_given(switch)
    groups, root.commands = cast("dict[str, LazyGroup]", root.commands), {}
    for name in NAMES:
        first, _, rest = name.partition(" ")
        if rest:
            groups[first].add_command(LazyCommand(name))
        root.add_command(groups[first] if rest else LazyCommand(name))
    return root


def main(arguments: Sequence[str] | None = None, *, came: Sequence[int] = ()) -> None:
    """Run the command line and exit with its code; errors.py explains the codes.

    Args:
        arguments: The arguments; by default those of the process.
        came: The signals received while the program was loading.

    """
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        end_on_signals(came)
        code = command_line()(args=argv, prog_name=PROGRAM, standalone_mode=False)
    except SystemExit:  # Typer's exit when the reader of the help is gone
        code = 0
    except typer.TyperException as error:
        from mlflow_azure.cli import usage

        code = _report(argv, usage.fault(argv, error))
    except KeyboardInterrupt as cause:
        code = _report(argv, interrupted(cause))
    except OSError as error:  # help and version, written by Typer
        from mlflow_azure import console

        if sys.stdout is not None:
            console.discard(sys.stdout)
        code = _report(argv, console.lost_answer(error))
    except Exception as error:  # noqa: BLE001 - what comes before a command's own last resort
        by = hidden_by(error) or (error.by if isinstance(error, Ended) else error)
        code = _report(argv, as_ours(by) if isinstance(by, Exception) else interrupted(by))
    _exit(code or 0)


def _exit(code: int) -> NoReturn:
    """Exit at once, without shutting down the interpreter.

    The shutdown frees every class of the SDK, which takes a third as long as the imports. And a thread that a
    deadline or Ctrl+C abandoned inside C++ or Rust crashes the process, with another exit code:
    https://github.com/python/cpython/issues/87135. So does a Ctrl+C within `exec()`, which dataclasses use:
    CPython then dies of the signal, even though the interrupt was handled.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit leaves them out, and logging and temporary files need them
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # no reader, closed, or missing
            stream.flush()
    os._exit(code)


def _report(argv: list[str], error: MlflowAzureError) -> int:
    """Report a failure outside any command."""
    from mlflow_azure import console
    from mlflow_azure.cli import usage

    out = console.create(
        output="json" if _wants_json(argv) else "text",
        verbose="--verbose" in argv,
        environ=os.environ,
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    out.failure(usage.named(argv) or PROGRAM, error)
    return error.exit_code


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether a command line, parsable or not, asks for JSON."""
    pairs = zip(argv, [*argv[1:], ""], strict=True)
    return any((word in ("--output", "-o") and value == "json") or word == "--output=json" for word, value in pairs)
