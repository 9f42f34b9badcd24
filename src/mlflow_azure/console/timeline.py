"""The Gantt chart of a run as an SVG image, made from its events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Started, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WIDTH, LABELS, RIGHT, ROW, TOP = 1020, 390, 60, 24, 34  # pixels
CRITICAL, OTHER, FAILED, INK, LINE = "#b3541e", "#8fb3cf", "#b00020", "#222222", "#dddddd"
MOST_TICKS = 10
PREPARING = "reading and checking"


@dataclass
class Bar:
    """The start and end of a step, in seconds since the run began."""

    label: str
    began: float
    ended: float
    failed: bool = False


class Timeline:
    """Records a run and draws it.

    The critical path is the step that ended last, its dependency that ended last, and so on.
    """

    def __init__(self) -> None:
        self._zero = time.monotonic()
        self._bars: dict[str, Bar] = {}
        self._waits: Mapping[str, tuple[str, ...]] = {}

    def record(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass on the events, recording their times. A second run replaces the first."""
        for event in events:
            now = time.monotonic() - self._zero
            match event:
                case Planned(waits=waits):
                    self._waits, self._bars = waits, {PREPARING: Bar(PREPARING, 0.0, now)}
                case Started(step=step):
                    self._bars[step.key] = Bar(_label(step), now, now)
                case Finished(step=step):
                    self._bars[step.key].label = _label(step)
                    self._bars[step.key].ended = now
                case Failed(step=step):
                    self._bars[step.key].ended, self._bars[step.key].failed = now, True
            yield event

    @property
    def critical(self) -> list[str]:
        """The keys of the steps on the critical path, in order."""
        path: list[str] = []
        ends = list(self._bars)
        while ends:
            path.append(max(ends, key=lambda key: self._bars[key].ended))
            ends = [key for key in self._waits.get(path[-1], ()) if key in self._bars]
        return [PREPARING, *reversed([key for key in path if key != PREPARING])]

    def svg(self) -> str:
        """Return the chart, with one bar per step."""
        bars = sorted(self._bars.items(), key=lambda each: each[1].began)
        total = max((bar.ended for _, bar in bars), default=0.0) or 1.0
        scale = (WIDTH - LABELS - RIGHT) / total
        height = TOP + ROW * len(bars) + ROW
        critical = set(self.critical)
        size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="{INK}">',
                f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
                *_ticks(total, scale, height - ROW),
                *(
                    _drawn(bar, TOP + ROW * row, scale, CRITICAL if key in critical else OTHER)
                    for row, (key, bar) in enumerate(bars)
                ),
                f'<text x="{LABELS}" y="{height - 6}">Brown: the critical path. {total:.1f} s in total.</text>',
                "</svg>\n",
            ]
        )


def _label(step: Step) -> str:
    return f"{step.kind} {step.name}{' (unchanged)' if step.action is Action.KEEP else ''}"


def _drawn(bar: Bar, top: int, scale: float, colour: str) -> str:
    left, width = LABELS + bar.began * scale, max((bar.ended - bar.began) * scale, 1.0)
    label, seconds = escape(bar.label), f"{bar.ended - bar.began:.1f} s"
    return (
        f'<text x="{LABELS - 8}" y="{top + 16}" text-anchor="end">{label}</text>'
        f'<rect x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="{ROW - 8}" '
        f'fill="{FAILED if bar.failed else colour}"><title>{label}: {seconds}</title></rect>'
        f'<text x="{left + width + 4:.1f}" y="{top + 16}">{seconds}</text>'
    )


def _ticks(total: float, scale: float, bottom: int) -> Iterator[str]:
    """Return grid lines at intervals of 1, 2 or 5 seconds, times a power of ten."""
    steps = (base * 10.0**power for power in range(-2, 5) for base in (1, 2, 5))
    every = next(step for step in steps if total / step <= MOST_TICKS)
    for number in range(int(total / every) + 1):
        x = LABELS + number * every * scale
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="{LINE}"/>'
        yield f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="middle">{number * every:g} s</text>'
