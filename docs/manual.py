"""Generates the command reference, as a page and as a man page, from the commands themselves."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

import typer
from typer._completion_shared import get_completion_script

from mlflow_azure import __version__
from mlflow_azure.cli.invocation import Common
from mlflow_azure.cli.lazy import LazyCommand, help_record
from mlflow_azure.cli.main import command_line
from mlflow_azure.cli.names import NAMES, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMON = {*Common.__dataclass_fields__, "help"}
HEAD = """# Commands

This page is generated from the commands: `python docs/build.py`. The man page (`man mlflow-azure`) and each command's
`--help` have the same text. `mlflow-azure --install-completion` installs shell completion.

Every command also takes the [common options](#options-of-every-command), and most take the
[settings](settings.md) as options.
"""
EXIT_CODES = (
    (0, "done"),
    (1, "failed"),
    (2, "usage or settings"),
    (3, "sign-in"),
    (4, "Azure refused"),
    (5, "container engine"),
    (9, "timed out"),
    (130, "interrupted"),
)
FILES = {
    "bash": "bash-completion/completions/mlflow-azure",
    "zsh": "zsh/site-functions/_mlflow-azure",
    "fish": "fish/vendor_completions.d/mlflow-azure.fish",
}


def page() -> str:
    """Return the page for the site."""
    parts = [HEAD]
    for name in NAMES:
        command = LazyCommand(name).load()
        parts += [f"\n## {name}\n\n", *_about(command.help), *_table(_own(command))]
    parts += ["\n## Options of every command\n\n", *_table(_common())]
    return "".join(parts)


def man_page() -> str:
    """Return the man page, in roff."""
    lines = [
        f'.TH MLFLOW-AZURE 1 "" "mlflow-azure {__version__}" "User Commands"',
        ".SH NAME",
        "mlflow\\-azure \\- deploy an MLflow tracking server to Azure, and operate it",
        ".SH SYNOPSIS",
        ".B mlflow\\-azure",
        ".I COMMAND",
        "[OPTIONS]",
        ".SH DESCRIPTION",
        *_paragraphs(command_line().help),
        ".SH COMMANDS",
    ]
    for name in NAMES:
        command = LazyCommand(name).load()
        lines += [f".SS {_roff(name)}", *_paragraphs(command.help), *_entries(_own(command))]
    lines += [".SH OPTIONS OF EVERY COMMAND", *_entries(_common()), ".SH EXIT STATUS"]
    for code, meaning in EXIT_CODES:
        lines += [".TP", f".B {code}", meaning]
    lines += [
        ".SH FILES",
        ".TP",
        ".I ./mlflow\\-azure.env",
        "Settings, one NAME=value per line. See: mlflow\\-azure settings init",
    ]
    return "\n".join(lines) + "\n"


def completion() -> dict[str, str]:
    """Return the completion script of each shell, by its path below `share`."""
    variable = f"_{PROGRAM.replace('-', '_')}_COMPLETE".upper()
    scripts = {shell: get_completion_script(prog_name=PROGRAM, complete_var=variable, shell=shell) for shell in FILES}
    return {FILES[shell]: script.strip() + "\n" for shell, script in scripts.items()}


def _own(command: Any) -> list[tuple[str, str]]:
    """Return a command's own arguments and options: neither settings nor common to all commands."""
    return list(_records(command, (each for each in command.params if each.name not in COMMON)))


def _common() -> list[tuple[str, str]]:
    command = LazyCommand(NAMES[0]).load()
    return list(_records(command, (each for each in command.get_params(typer.Context(command)) if each.name in COMMON)))


def _records(command: Any, params: Iterable[Any]) -> Iterator[tuple[str, str]]:
    context = typer.Context(command, info_name=command.name)
    for param in params:
        if getattr(param, "rich_help_panel", None) != "Settings" and (record := help_record(param, context)):
            yield record[0], " ".join(record[1].split())


def _split(text: str) -> tuple[str, list[str]]:
    """Return the prose of a help text, and its examples."""
    prose, _, examples = text.partition("Examples:\n")
    return prose.strip(), [line.strip() for line in examples.splitlines() if line.strip()]


def _about(text: str) -> Iterator[str]:
    prose, examples = _split(text)
    yield f"{_markdown(prose)}\n\n"
    if examples:
        yield "\n".join(["```sh", *examples, "```", "", ""])


def _table(records: list[tuple[str, str]]) -> Iterator[str]:
    if records:
        yield "| option | |\n|---|---|\n"
        yield from (f"| <code>{_escaped(name)}</code> | {_markdown(what)} |\n" for name, what in records)


def _escaped(text: str) -> str:
    """Escape text for a table cell."""
    return escape(text).replace("|", "&#124;")


def _markdown(text: str) -> str:
    """Return text as Markdown, with commands as code and everything else escaped."""
    text = text.replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;")
    return re.sub(
        r'(eval "\$\(mlflow-azure.*?\)"|(?<!")mlflow-azure(?: [a-z]+)(?: --?[a-z-]+(?: emulator| fish)?)+)',
        r"`\1`",
        text,
    )


def _paragraphs(text: str) -> Iterator[str]:
    prose, examples = _split(text)
    for paragraph in prose.split("\n\n"):
        yield ".PP"
        yield _roff(" ".join(paragraph.split()))
    if examples:
        yield from (".PP", "Examples:", ".PP", ".nf", ".RS", *map(_roff, examples), ".RE", ".fi")


def _entries(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, what in records:
        yield from (".TP", f".B {_roff(name)}", _roff(what))


def _roff(text: str) -> str:
    """Escape text for roff: hyphens as minus signs, and no control character at the start of a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
