"""What a command answers on stdout: text for people, or one JSON document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mlflow_azure.console.serial import document
from mlflow_azure.secret import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.console.printers import Printer
    from mlflow_azure.console.streams import OutputStream
    from mlflow_azure.errors import MlflowAzureError

ENVELOPE_VERSION = 1


class OutputClosedError(Exception):
    """Nobody reads stdout any more (`logs --follow | head`): stop quietly, with exit code 0."""


class Answers(Protocol):
    """Writes the answer of a command."""

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the answer of a command that did its work, and found problems, perhaps."""

    def failure(self, command: str, data: object, problems: Sequence[MlflowAzureError]) -> None:
        """Write the answer of a command that failed."""

    def line(self, record: object, text: str) -> None:
        """Write one piece of an answer that comes piece by piece.

        Raises:
            OutputClosedError: nobody reads it.

        """


class TextAnswers:
    """Answers in text. What failed is told on stderr only."""

    def __init__(self, stream: OutputStream, printer: Printer) -> None:
        self._stream = stream
        self._printer = printer

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the text, if there is any; it tells the problems too."""
        if text:
            self._printer.print(text)

    def failure(self, command: str, data: object, problems: Sequence[MlflowAzureError]) -> None:
        """Write nothing."""

    def line(self, record: object, text: str) -> None:
        """Write the text as it is."""
        self._stream.write(f"{text}\n")
        _check_reader(self._stream)


class JsonAnswers:
    """Answers with exactly one JSON document; or, piece by piece, with one compact document per line."""

    def __init__(self, stream: OutputStream) -> None:
        self._stream = stream
        self._answered = False
        self._indent: int | None = 2

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the envelope; its status is "failed" where there are problems."""
        if self._answered:  # a failure after the answer, Ctrl+C for one, must not make it two documents
            return
        self._answered = True
        envelope = {
            "version": ENVELOPE_VERSION,
            "command": command,
            "status": "failed" if problems else "ok",
            "data": data,
            "errors": [{"code": each.code, "message": redact(each.message), "hint": each.hint} for each in problems],
        }
        self._stream.write(f"{document(envelope, indent=self._indent)}\n")

    def failure(self, command: str, data: object, problems: Sequence[MlflowAzureError]) -> None:
        """Write the same."""
        self.result(command, data, "", problems)

    def line(self, record: object, text: str) -> None:
        """Write the record on a line of its own; an envelope that follows takes one line too."""
        self._indent = None
        self._stream.write(f"{document(record)}\n")
        _check_reader(self._stream)


def _check_reader(stream: OutputStream) -> None:
    if stream.abandoned:
        raise OutputClosedError
