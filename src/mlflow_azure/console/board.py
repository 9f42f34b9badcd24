"""The state of a run, built from its events: what each step is doing, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, assert_never

from mlflow_azure.console.text import duration
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Progressed, Skipped, Started, Step, Warned

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERBS = {  # infinitive, present, past
    Action.CREATE: ("create", "creating", "created"),
    Action.UPDATE: ("update", "updating", "updated"),
    Action.REPLACE: ("replace", "replacing", "replaced"),
    Action.KEEP: ("keep", "checking", "unchanged"),
    Action.DELETE: ("delete", "deleting", "deleted"),
    Action.CHECK: ("check", "checking", "responding"),
    Action.VERIFY: ("check", "checking", "checked"),
    Action.COPY: ("copy", "copying", "copied"),
}


class State(Enum):
    """The state of a step."""

    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    SKIPPED = auto()
    INTERRUPTED = auto()


_ENDINGS = {State.FAILED: "failed", State.SKIPPED: "skipped", State.INTERRUPTED: "interrupted"}


@dataclass(frozen=True)
class Row:
    """One step and its state. Times are in seconds; `since` is a reading of the caller's clock.

    `message` and `fraction` are the latest progress; for a failed or skipped step, `message` is the reason.
    """

    step: Step
    state: State = State.WAITING
    since: float = 0.0
    seconds: float = 0.0
    message: str = ""
    fraction: float | None = None

    @property
    def verb(self) -> str:
        """The verb for the resource: "create", "creating", "created", "failed", "skipped"."""
        to_come, going_on, done = _VERBS[self.step.action]
        return {State.WAITING: to_come, State.RUNNING: going_on, State.DONE: done, **_ENDINGS}[self.state]

    @property
    def has_news(self) -> bool:
        """Whether the step is running and has reported its progress."""
        return self.state is State.RUNNING and (bool(self.message) or self.fraction is not None)

    @property
    def possible_verbs(self) -> Sequence[str]:
        """All verbs that this row can have during the run, and the current one."""
        return (*_VERBS[self.step.action], _ENDINGS[State.FAILED], _ENDINGS[State.SKIPPED], self.verb)

    def elapsed(self, now: float) -> str:
        """Return how long the step has been running or ran; empty if it did not run or did nothing."""
        match self.state:
            case State.RUNNING:
                return duration(int(now - self.since))
            case State.DONE if self.step.action is Action.KEEP:
                return ""
            case State.DONE | State.FAILED | State.INTERRUPTED:
                return duration(self.seconds)
        return ""


class Board:
    """The rows of a run in planned order. Rows are replaced as a whole, so other threads may read them."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    @property
    def rows(self) -> Sequence[Row]:
        """All rows."""
        return tuple(self._rows.values())

    @property
    def is_running(self) -> bool:
        """Whether any step is running."""
        return any(row.state is State.RUNNING for row in self._rows.values())

    def row(self, step: Step) -> Row:
        """Return the row of a step; it is waiting if there were no events for it."""
        return self._rows.get(step.key, Row(step))

    def apply(self, event: Event, now: float) -> None:
        """Process one event that happened at `now`."""
        match event:
            case Planned(steps):
                self._rows = {step.key: Row(step) for step in steps}
            case Started(step):
                self._put(Row(step, State.RUNNING, since=now))
            case Progressed(step, message, fraction):
                running = self.row(step)
                if running.state is not State.RUNNING:
                    running = Row(step, State.RUNNING, since=now)
                self._put(replace(running, step=step, message=message, fraction=fraction))
            case Finished(step, seconds):
                self._put(Row(step, State.DONE, seconds=seconds))
            case Failed(step, seconds, error):
                self._put(Row(step, State.FAILED, seconds=seconds, message=error.message.partition("\n")[0]))
            case Skipped(step, reason):
                self._put(Row(step, State.SKIPPED, message=reason))
            case Warned():
                pass
            case _:
                assert_never(event)

    def stop(self, now: float) -> None:
        """Note that there are no more events: steps still running were abandoned."""
        for row in self.rows:
            if row.state is State.RUNNING:
                self._put(Row(row.step, State.INTERRUPTED, seconds=now - row.since))

    def _put(self, row: Row) -> None:
        self._rows = {**self._rows, row.step.key: row}
