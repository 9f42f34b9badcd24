"""Explains command lines that cannot be parsed, in our words instead of the parser's."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlflow_azure.cli.names import NAMES, PROGRAM
from mlflow_azure.cli.target import program
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_COMMAND = re.compile(r"No such command '(.*?)'\.(?: Did you mean '(.*?)')?.*")
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")

_SWITCHES = frozenset({"--verbose", "--yes", "-y", "--help", "-h", "--version"})
"""Options that may come before any command, and take no value."""

_ALIKE = 0.8
"""How similar two options must be for a suggestion: `--shell` is no typo of `--help`."""


def named(argv: Sequence[str]) -> str:
    """Return the command in a command line: its full name, or its group's; empty if there is none."""
    firsts = {name.partition(" ")[0] for name in NAMES}
    for at, word in enumerate(argv):
        if word in firsts and not _is_value(argv, at):
            rest = next((each for each in argv[at + 1 :] if not each.startswith("-")), "")
            return f"{word} {rest}" if f"{word} {rest}" in NAMES else word
    return ""


def _is_value(argv: Sequence[str], at: int) -> bool:
    """Whether a word looks like the value of the preceding option, as in: --cloud emulator deploy."""
    option = argv[at - 1] if at else ""
    return option.startswith("-") and "=" not in option and option not in _SWITCHES and len(argv) > at + 1


def fault(argv: Sequence[str], error: Any) -> SettingsError:
    """Return the error for a command line that the parser rejected."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context and context.parent else f"{PROGRAM} {named(argv)}".rstrip()
    message, hint = _explained(argv, error, context)
    hint = hint or f"{command} --help"
    return SettingsError(message, hint=program() + hint.removeprefix(PROGRAM), code="Usage")


def _explained(argv: Sequence[str], error: Any, context: Any) -> tuple[str, str]:
    """Return what is wrong, and what to do about it if that is known."""
    kind = type(error).__name__  # the parser's classes are not public
    if kind == "NoSuchOption" and context.parent is None and (command := named(argv)):
        words = command.split()
        line = shlex.join([PROGRAM, *words, *(word for word in argv if word not in words)])
        return f"{error.option_name} comes before the command: put options after it", line
    return _message(kind, error, context), ""


def _message(kind: str, error: Any, context: Any) -> str:
    message = error.format_message()
    match kind:
        case "NoSuchOption":
            known = error.possibilities or ()
            begun = [each for each in known if each.startswith(error.option_name)]
            alike = begun or get_close_matches(error.option_name, known, 1, _ALIKE)
            meant = f". Did you mean {alike[0]}?" if alike else ""
            message = f"there is no option {error.option_name}{meant}"
        case "BadOptionUsage":
            takes = "needs a" if "requires an argument" in error.message else "takes no"
            message = f"{error.option_name} {takes} value"
        case "MissingParameter":
            message = f"{error.param.display_name_raw} is missing: {error.param.help}"
        case "BadParameter" if error.param is not None:
            message = f"{' / '.join(error.param.opts)} {_rule(error.param, context)}"
        case "UsageError" if unknown := _NO_COMMAND.fullmatch(message):
            meant = f". Did you mean {unknown[2]}?" if unknown[2] else ""
            message = f"there is no command {unknown[1]}{meant}"
        case "UsageError" if extra := _EXTRA.fullmatch(message):
            message = f"{context.info_name} does not take: {extra[1]}"
    return str(message)


def _rule(param: Any, context: Any) -> str:
    """Describe the valid values of a parameter."""
    if param.type_descriptor.is_choice:
        choices = param.display_type(context).strip("<>").split("|")
        return f"must be {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}"
    least = f" of at least {param.min}" if param.min is not None else ""
    kind = {float: "number", int: "whole number"}.get(param.type_descriptor.annotation, "different kind of value")
    return f"must be a {kind}{least}"
