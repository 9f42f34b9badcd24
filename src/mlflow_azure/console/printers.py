"""Printing lines: in colour on a terminal, plain elsewhere."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Protocol, cast

from mlflow_azure.console.text import apart, clean, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.console.streams import OutputStream

# The symbols at the start of a line have the same colour everywhere.
_SYMBOL_STYLES = {
    re.compile(r"^ *[+✓](?= )", re.MULTILINE): "green",
    re.compile(r"^ *[~!](?= )", re.MULTILINE): "yellow",
    re.compile(r"^ *(?:-/\+|-|✗)(?= )", re.MULTILINE): "red",
}


class Tone(StrEnum):
    """The tone of a line or its label. The values are rich's styles."""

    PLAIN = "none"
    QUIET = "dim"
    HINT = "bold"
    WARNING = "bold yellow"
    ERROR = "bold red"


class Printer(Protocol):
    """Prints lines to one stream."""

    def print(self, text: str, *, label: str = "", tone: Tone = Tone.PLAIN) -> None:
        """Print text and a line feed. If there is a label, it has the tone instead of the text."""


class PlainPrinter:
    """Prints without colour."""

    def __init__(self, stream: OutputStream) -> None:
        self._stream = stream

    def print(self, text: str, *, label: str = "", tone: Tone = Tone.PLAIN) -> None:
        """Print text and a line feed."""
        self._stream.write(f"{label} {text}\n" if label else f"{text}\n")


class RichPrinter:
    """Prints to a terminal in colour; NO_COLOR turns off colours and nothing else."""

    def __init__(self, stream: OutputStream, environ: Mapping[str, str]) -> None:
        from rich.console import Console
        from rich.text import Text

        self._text = Text
        self.console = Console(
            file=cast("IO[str]", stream),  # rich uses only what OutputStream has
            force_terminal=True,
            no_color=bool(environ.get("NO_COLOR")),
            _environ=environ,
        )

    def print(self, text: str, *, label: str = "", tone: Tone = Tone.PLAIN) -> None:
        """Print text and a line feed; long lines break between words."""
        shown = wrapped(f"{label} {text}" if label else text, self.console.width)
        body = self._text(shown.removeprefix(label), style="" if label else tone)
        for symbol, style in _SYMBOL_STYLES.items():
            body.highlight_regex(symbol, style)
        line = self._text.assemble((label, tone), body) if label else body
        self.console.print(line, soft_wrap=True, highlight=False)


def printer_for(stream: OutputStream, environ: Mapping[str, str]) -> Printer:
    """Return the printer for the stream."""
    return RichPrinter(stream, environ) if stream.is_terminal else PlainPrinter(stream)


def print_warning(printer: Printer, message: str, hint: str) -> None:
    """Print a warning, and below it what to do about it."""
    _print_with_hint(printer, "Warning:", Tone.WARNING, message, hint)


def print_error(printer: Printer, message: str, hint: str) -> None:
    """Print an error, and below it what to do about it."""
    _print_with_hint(printer, "Error:", Tone.ERROR, message, hint)


def _print_with_hint(printer: Printer, label: str, tone: Tone, message: str, hint: str) -> None:
    # Messages quote Azure and build logs, whose escape sequences must not reach the terminal.
    printer.print("\n".join(map(clean, message.splitlines())), label=label, tone=tone)
    if hint:
        printer.print(apart(hint), label="Next:", tone=Tone.HINT)
