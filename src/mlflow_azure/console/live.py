"""Progress on a terminal: one line per step, redrawn in place."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from mlflow_azure.console.board import Board, Row, State
from mlflow_azure.console.printers import RichPrinter, print_warning
from mlflow_azure.console.text import clean, duration, pad, width
from mlflow_azure.events import Event, Failed, Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_PER_SECOND = 10
_SHOW_CURSOR, _HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
_SYMBOLS = {
    State.WAITING: ("·", "dim"),
    State.DONE: ("✓", "green"),
    State.FAILED: ("✗", "red"),
    State.SKIPPED: ("-", "dim"),
    State.INTERRUPTED: ("!", "yellow"),
}
_VERB_STYLES = {State.RUNNING: "cyan", State.FAILED: "red", State.INTERRUPTED: "yellow", State.DONE: ""}
_BAR = 20  # columns
_SHORTEST_NAME = 8  # columns


class LiveDisplay:
    """Draws runs on the printer's terminal. `clock` counts seconds."""

    def __init__(self, printer: RichPrinter, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._printer = printer
        self._clock = clock

    def watch(self, events: Iterable[Event]) -> None:
        """Draw all steps, and update them until the events end or raise."""
        view = BoardView(self._clock)
        live = Live(
            view,
            console=self._printer.console,
            refresh_per_second=_FRAMES_PER_SECOND,
            redirect_stdout=False,  # only stray writes to stderr should appear above the drawing
            vertical_overflow="crop",
        )
        with _cursor_for_the_shell(self._printer.console), live:
            try:
                for event in events:
                    view.board.apply(event, self._clock())
                    if isinstance(event, Warned):
                        print_warning(self._printer, event.message, event.hint)
                    elif isinstance(event, Failed) and view.board.is_running:
                        self._printer.print(f"{event.step.kind} {event.step.name} failed: {event.error.message}")
            finally:
                view.finish()
        self._printer.print("")  # a blank line before the answer

    @contextmanager
    def busy(self, message: str) -> Iterator[None]:
        """Draw a line that disappears when the context ends."""
        rich = self._printer.console
        with _cursor_for_the_shell(rich), rich.status(Text(message), spinner_style="cyan"):
            yield


@contextmanager
def _cursor_for_the_shell(rich: Console) -> Iterator[None]:
    """Show the hidden cursor while the program is suspended with Ctrl+Z."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: object) -> None:
        rich.file.write(_SHOW_CURSOR)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # continues here after fg
        signal.signal(number, stop)
        rich.file.write(_HIDE_CURSOR)

    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


class BoardView:
    """The drawing of a board: at most as high as the terminal during the run, complete at its end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.board = Board()
        self._clock = clock
        self._began = clock()
        self._over = False

    def finish(self) -> None:
        """Make the next drawing the last one."""
        self.board.stop(self._clock())
        self._over = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the board as wide as the terminal and, during the run, at most as high."""
        now = self._clock()
        rows = self.board.rows
        layout = _Layout(rows, options.max_width, now)
        footer: list[Text] = []
        if rows and not self._over:
            footer = [Text(), self._footer(now)]
            rows = _fitting(rows, options.size.height - len(footer) - 1)  # the cursor is on the last line
        for line in [*(line for row in rows for line in layout.lines(row)), *footer]:
            line.truncate(options.max_width, overflow="ellipsis")
            line.no_wrap = True
            yield line

    def _footer(self, now: float) -> Text:
        rows = self.board.rows
        done = sum(row.state is State.DONE for row in rows)
        return Text(f"  {done} of {len(rows)} done · {duration(int(now - self._began))}", style="dim")


class _Layout:
    """The columns: symbol, kind, name, verb, time. On a narrow terminal, names are shortened."""

    def __init__(self, rows: Sequence[Row], columns: int, now: float) -> None:
        self._now = now
        self._kind = max((width(row.step.kind) for row in rows), default=0)
        self._verb = max((width(verb) for row in rows for verb in row.possible_verbs), default=0)
        self._time = max((width(row.elapsed(now)) for row in rows), default=0)
        wanted = max((width(row.step.name) for row in rows), default=0)
        left = columns - 10 - self._kind - self._verb - self._time
        self._name = min(wanted, max(_SHORTEST_NAME, left))

    def lines(self, row: Row) -> list[Text]:
        """Write the line of a step, with its progress in a second line below."""
        if not row.has_news:
            return [self._line(row)]
        return [self._line(row), Text.assemble("    ", *_bar(row.fraction), (clean(row.message), "dim"))]

    def _line(self, row: Row) -> Text:
        name = Text(row.step.name)
        name.truncate(self._name, overflow="ellipsis", pad=True)
        faint = "dim" if row.state in {State.WAITING, State.SKIPPED} else ""
        return Text.assemble(
            "  ",
            self._symbol(row),
            " ",
            pad(row.step.kind, self._kind),
            "  ",
            name,
            "  ",
            (pad(row.verb, self._verb), _VERB_STYLES.get(row.state, "")),
            "  ",
            (self._remark(row), "dim"),
            style=faint,
        )

    def _symbol(self, row: Row) -> tuple[str, str]:
        if row.state is State.RUNNING:
            return _FRAMES[int(self._now * _FRAMES_PER_SECOND) % len(_FRAMES)], "cyan"
        return _SYMBOLS[row.state]

    def _remark(self, row: Row) -> str:
        if row.state is State.SKIPPED:
            return clean(row.message)
        return row.elapsed(self._now).rjust(self._time)


def _bar(fraction: float | None) -> list[tuple[str, str]]:
    if fraction is None:
        return []
    full = round(min(max(fraction, 0.0), 1.0) * _BAR)
    return [("━" * full, "cyan"), ("─" * (_BAR - full), "dim"), (f" {fraction:4.0%}  ", "dim")]


def _fitting(rows: Sequence[Row], room: int) -> Sequence[Row]:
    """Return as many rows as fit: finished ones are dropped first, then the last ones."""
    order = [row for row in rows if row.state is State.DONE]
    order += [row for row in reversed(rows) if row.state in {State.WAITING, State.SKIPPED}]
    kept = list(rows)
    for row in order:
        if sum(1 + each.has_news for each in kept) <= room:
            break
        kept.remove(row)
    return kept
