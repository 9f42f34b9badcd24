"""Progress without a terminal: one line per change, and a sign of life after a long silence."""

from __future__ import annotations

import re
import threading
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from mlflow_azure.console.board import Board, Row, State
from mlflow_azure.console.printers import Printer, print_warning
from mlflow_azure.console.text import clean, pad, width
from mlflow_azure.events import Event, Failed, Finished, Planned, Progressed, Skipped, Started, Step, Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_COUNTS = re.compile(r"(, )?\d[\d,.]*( of \d[\d,.]*)?( ([KMG]i)?B| files?| s| min| h)?(/s| left)?")
_SILENCE = 30.0  # seconds; CI services kill jobs that print nothing for some minutes


class PlainDisplay:
    """Writes runs as lines. `clock` counts seconds; after `silence` seconds, a silent step is mentioned."""

    def __init__(
        self, printer: Printer, *, clock: Callable[[], float] = time.monotonic, silence: float = _SILENCE
    ) -> None:
        self._printer = printer
        self._clock = clock
        self._silence = silence

    def watch(self, events: Iterable[Event]) -> None:
        """Write a line for each change in the events."""
        run = _Run(self._printer, self._clock)
        with self._signs_of_life(run):
            for event in events:
                run.hear(event)

    def busy(self, message: str) -> AbstractContextManager[object]:
        """Write nothing: it would be over before anyone reads the log."""
        return nullcontext()

    @contextmanager
    def _signs_of_life(self, run: _Run) -> Iterator[None]:
        over = threading.Event()

        def remind() -> None:
            while not over.wait(self._silence / 10):
                run.mention_silent(self._silence)

        thread = threading.Thread(target=remind, name="signs-of-life", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


class _Run:
    """One run, and what was written for each step. Two threads write; the lock keeps their lines apart."""

    def __init__(self, printer: Printer, clock: Callable[[], float]) -> None:
        self._printer = printer
        self._clock = clock
        self._lock = threading.Lock()
        self._board = Board()
        self._kind_width = self._name_width = 0
        self._mentioned: dict[str, float] = {}

    def hear(self, event: Event) -> None:
        """Process one event, and write its line if it has one."""
        with self._lock:
            now = self._clock()
            known = self._board.row(event.step) if isinstance(event, Progressed) else None
            self._board.apply(event, now)
            match event:
                case Planned(steps):
                    self._kind_width = max((width(step.kind) for step in steps), default=0)
                    self._name_width = max((width(step.name) for step in steps), default=0)
                case Started(step):
                    self._mentioned[step.key] = now
                case Progressed(step) if known is not None and (news := _news(known, event)):
                    self._mentioned[step.key] = now
                    self._printer.print(f"    {step.kind}: {news}")
                case Finished(step) | Failed(step) | Skipped(step):
                    self._printer.print(self._line(step, _outcome(self._board.row(step), now)))
                case Warned(message, hint):
                    print_warning(self._printer, message, hint)

    def mention_silent(self, silence: float) -> None:
        """Write a line for each running step that has been silent for that many seconds."""
        with self._lock:
            now = self._clock()
            for row in self._board.rows:
                key = row.step.key
                if row.state is State.RUNNING and now - self._mentioned.get(key, row.since) >= silence:
                    self._mentioned[key] = now
                    so_far = f": {clean(row.message)}" if row.message[:1].isdigit() else ""
                    self._printer.print(self._line(row.step, f"still {row.verb} after {row.elapsed(now)}{so_far}"))

    def _line(self, step: Step, said: str) -> str:
        return f"{pad(step.kind, self._kind_width)}  {pad(step.name, self._name_width)}  {said}"


def _outcome(row: Row, now: float) -> str:
    if row.state is State.SKIPPED:
        return f"skipped: {clean(row.message)}"
    elapsed = row.elapsed(now)
    if row.state is State.FAILED:
        return f"{row.verb} after {elapsed}: {clean(row.message)}"
    return f"{row.verb} in {elapsed}" if elapsed else row.verb


def _is_the_same(before: str, message: str) -> bool:
    """Whether a message says nothing new: one that only counts on is told with the next sign of life."""
    counts = before[:1].isdigit() and message[:1].isdigit()
    return _COUNTS.sub("", before) == _COUNTS.sub("", message) if counts else before == message


def _news(before: Row, event: Progressed) -> str:
    """Return what belongs in a log: every new message; for measured work, every quarter."""
    message = clean(event.message)
    if event.fraction is None:
        return "" if _is_the_same(clean(before.message), message) else message
    quarter = int(event.fraction * 4)
    return f"{quarter * 25} %  {message}".rstrip() if quarter > int((before.fraction or 0) * 4) else ""
