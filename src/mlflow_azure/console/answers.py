"""The answers of commands on stdout: text for people, or one JSON document for programs."""

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
    """The reader of stdout is gone (`logs --follow | head`): stop quietly, with exit code 0."""


class Answers(Protocol):
    """Writes the answer of a command."""

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the answer of a successful command, which may have found problems."""

    def failure(self, command: str, data: object, problems: Sequence[MlflowAzureError]) -> None:
        """Write the answer of a command that failed."""

    def line(self, record: object, text: str) -> None:
        """Write one piece of a streamed answer.

        Raises:
            OutputClosedError: stdout has no reader.

        """


class TextAnswers:
    """Answers in text. Failures are reported on stderr only."""

    def __init__(self, stream: OutputStream, printer: Printer) -> None:
        self._stream = stream
        self._printer = printer

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the text, if any; it includes the problems."""
        if text:
            self._printer.print(text)

    def failure(self, command: str, data: object, problems: Sequence[MlflowAzureError]) -> None:
        """Write nothing."""

    def line(self, record: object, text: str) -> None:
        """Write the text unchanged."""
        self._stream.write(f"{text}\n")
        _check_reader(self._stream)


class JsonAnswers:
    """Answers with exactly one JSON document or, when streaming, one compact document per line."""

    def __init__(self, stream: OutputStream) -> None:
        self._stream = stream
        self._answered = False
        self._indent: int | None = 2

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError]) -> None:
        """Write the envelope; its status is "failed" if there are problems."""
        if self._answered:  # a failure after the answer, such as Ctrl+C, must not add a second document
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
        """Write the envelope of a failure."""
        self.result(command, data, "", problems)

    def line(self, record: object, text: str) -> None:
        """Write the record on its own line; a following envelope takes one line too."""
        self._indent = None
        self._stream.write(f"{document(record)}\n")
        _check_reader(self._stream)


def _check_reader(stream: OutputStream) -> None:
    if stream.abandoned:
        raise OutputClosedError
