"""The console that commands talk to."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from mlflow_azure.console.answers import Answers, JsonAnswers, TextAnswers
from mlflow_azure.console.plain import PlainDisplay
from mlflow_azure.console.printers import Printer, RichPrinter, Tone, print_error, print_warning, printer_for
from mlflow_azure.console.streams import OutputStream
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.events import Warned
from mlflow_azure.secret import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from mlflow_azure.events import Event


class Display(Protocol):
    """Shows runs in progress."""

    def watch(self, events: Iterable[Event]) -> None:
        """Show a run until its events end, or raise."""

    def busy(self, message: str) -> AbstractContextManager[object]:
        """Show that something is in progress while the context lasts."""


class Console:
    """The only code that writes to stdout and stderr.

    stdout carries the answer of a command and nothing else; progress, prompts, warnings and errors go to stderr,
    also in JSON mode, and without secrets that Azure or a build may have put into them. A reader who leaves
    early is not an error. All methods are thread-safe.

    `told` rewrites every text that may contain a command: hints, notes, the text of answers.
    """

    def __init__(
        self,
        answers: Answers,
        display: Display,
        printer: Printer,
        prompt: Prompt,
        *,
        verbose: bool,
        told: Callable[[str], str] = str,
    ) -> None:
        self._answers = answers
        self._display = display
        self._printer = printer
        self._prompt = prompt
        self._verbose = verbose
        self._told = told

    def watch(self, events: Iterable[Event]) -> None:
        """Show a run in progress: in place on a terminal, line by line elsewhere.

        Exceptions of the events, including KeyboardInterrupt, are re-raised once the terminal is restored.
        """
        self._display.watch(map(self._retold, events))

    def busy(self, message: str) -> AbstractContextManager[object]:
        """On a terminal only, show what silent work is doing: `with console.busy(…):`."""
        return self._display.busy(message)

    def note(self, message: str) -> None:
        """Print a note."""
        self._printer.print(self._told(message))

    def warn(self, message: str, hint: str = "") -> None:
        """Print a warning, and what to do about it."""
        print_warning(self._printer, message, self._told(hint))

    def detail(self, message: str) -> None:
        """Print something if `--verbose` is given."""
        if self._verbose:
            self._printer.print(message, tone=Tone.QUIET)

    def result(self, command: str, data: object, text: str, problems: Sequence[MlflowAzureError] = ()) -> None:
        """Answer a success: `data` for programs, `text`, which includes the problems, for people."""
        for problem in problems:
            problem.hint = self._told(problem.hint)
        self._answers.result(command, data, self._told(text), problems)

    def failure(self, command: str, error: MlflowAzureError, data: object = None) -> None:
        """Answer a failure with the reason and the next step. `data` is what was achieved."""
        for problem in error.problems:
            problem.hint = self._told(problem.hint)
            print_error(self._printer, problem.message, problem.hint)
        self.detail("".join(traceback.format_exception(error)).rstrip())
        try:
            self._answers.failure(command, {} if data is None else data, error.problems)
        except MlflowAzureError as lost:  # keep the exit code of the first failure
            print_error(self._printer, lost.message, lost.hint)

    def line(self, record: object, text: str) -> None:
        """Stream an answer, such as a log: one record per line for programs, plain text for people.

        Raises:
            OutputClosedError: stdout has no reader any more.

        """
        self._answers.line(record, text)

    def confirm(self, question: str) -> bool:
        """Ask a yes/no question: "y" or "yes" means yes, the end of input means no.

        Raises:
            SettingsError: there is no terminal to ask on.

        """
        return self._prompt.confirm(question)

    def ask(self, question: str, proposed: str = "") -> str:
        """Ask for a text; an empty line accepts the proposal.

        Raises:
            SettingsError: there is no terminal to ask on, or the input ends.

        """
        return self._prompt.ask(question, proposed)

    def _retold(self, event: Event) -> Event:
        return replace(event, hint=self._told(event.hint)) if isinstance(event, Warned) else event


class Prompt:
    """Asks on stderr and reads the answer from stdin, until the deadline."""

    def __init__(self, stdin: TextIO | None, stderr: OutputStream, deadline: Deadline) -> None:
        self._stdin = stdin
        self._stderr = stderr
        self._deadline = deadline

    def confirm(self, question: str) -> bool:
        """Ask a yes/no question: "y" or "yes" means yes, the end of input means no.

        Raises:
            SettingsError: there is no terminal to ask on.

        """
        self._need_terminal("confirmation needed", question, "To answer yes without being asked, add --yes.")
        return self._answer(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    def ask(self, question: str, proposed: str) -> str:
        """Ask for a text; an empty line accepts the proposal.

        Raises:
            SettingsError: there is no terminal to ask on, or the input ends.

        """
        hint = "Write the settings file without questions: mlflow-azure settings init"
        self._need_terminal("an answer is needed", question, hint)
        answer = self._answer(f"{question} [{proposed}] " if proposed else f"{question} ")
        if not answer:
            raise SettingsError("cancelled; nothing was written", hint="Run it again.", code="NotConfirmed")
        return answer.strip() or proposed

    def _need_terminal(self, what: str, question: str, hint: str) -> None:
        if not (self._stdin is not None and self._stdin.isatty() and self._stderr.isatty()):
            message = f'{what}, but there is no terminal: "{question}"'
            raise SettingsError(message, hint=hint, code="ConfirmationNeeded")

    def _answer(self, question: str) -> str:
        """Return the typed line with its line end; empty at the end of input. Raises TimedOutError."""
        self._stderr.write(question)
        answer = ""
        try:
            answer = self._deadline.call(self._stdin.readline) if self._stdin else ""
        finally:
            if not answer:  # after Ctrl+C, the deadline or the end of input, the cursor is still after the question
                self._stderr.write("\n")
        return answer


def create(
    *,
    output: Literal["text", "json"],
    verbose: bool,
    environ: Mapping[str, str],
    stdin: TextIO | None,
    stdout: TextIO | None,
    stderr: TextIO | None,
    told: Callable[[str], str] = str,
    deadline: Deadline | None = None,
) -> Console:
    """Create the console for these streams. `environ` may contain CI, NO_COLOR, TERM, COLUMNS and LINES.

    Questions have to be answered before `deadline`.
    """
    out, err = OutputStream(stdout, environ, answers=True), OutputStream(stderr, environ, edit=redact)
    answers = JsonAnswers(out) if output == "json" else TextAnswers(out, printer_for(out, environ))
    printer = printer_for(err, environ)
    prompt = Prompt(stdin, err, deadline or Deadline())
    return Console(answers, _display(printer, environ), printer, prompt, verbose=verbose, told=told)


def _display(printer: Printer, environ: Mapping[str, str]) -> Display:
    in_ci = environ.get("CI", "").lower() not in {"", "0", "false"}
    if in_ci or not isinstance(printer, RichPrinter):
        return PlainDisplay(printer)
    from mlflow_azure.console.live import LiveDisplay

    return LiveDisplay(printer)
