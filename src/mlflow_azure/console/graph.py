"""The dependency graph of a plan as an SVG image.

Drawn in layers from the top down: each step is below all of its dependencies. Transitive dependencies are not
drawn, and an arrow that passes through layers has a place of its own in each, so that it crosses no box.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from mlflow_azure.events import Action, Planned, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BOX, HEIGHT, GAP, LAYER, MARGIN = 184, 44, 16, 84, 24  # pixels
INK, LINE = "#222222", "#8a8a8a"
HEAD = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>'
)
ROUNDS = 12
COLOURS = {
    Action.CREATE: ("#d7ecd9", "to create"),
    Action.UPDATE: ("#fbe3b5", "to update"),
    Action.REPLACE: ("#fbe3b5", "to replace"),
    Action.DELETE: ("#f3c6c6", "to delete"),
    Action.KEEP: ("#e8e8e8", "unchanged"),
    Action.COPY: ("#d5e4f3", "to copy"),
    Action.CHECK: ("#d5e4f3", "part of every deploy"),
    Action.VERIFY: ("#d5e4f3", "to check"),
}
_LETTERS = 27  # characters that fit in a box


@dataclass(eq=False)
class Place:
    """The place of a step, or of an arrow that passes through a layer (`step` is None)."""

    layer: int
    step: Step | None = None
    x: float = 0.0  # its middle

    @property
    def width(self) -> float:
        """Its width, including the gap."""
        return (BOX if self.step else 0) + GAP


def graph(planned: Planned) -> str:
    """Return the image."""
    waits = _needed({step.key: planned.waits.get(step.key, ()) for step in planned.steps})
    places, arrows = _placed(planned.steps, waits)
    layers = [[place for place in places if place.layer == layer] for layer in range(1 + max(p.layer for p in places))]
    _arrange(layers, arrows)
    left = min(place.x for place in places) - BOX / 2 - MARGIN
    width = max(place.x for place in places) + BOX / 2 + MARGIN - left
    height = len(layers) * LAYER + MARGIN
    for place in places:
        place.x -= left
    actions = {step.action: None for step in planned.steps}
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="{INK}">',
            HEAD,
            f'<rect width="{width:.0f}" height="{height}" fill="white"/>',
            *(_arrow(path) for path in _paths(arrows)),
            *(_box(place) for place in places if place.step),
            *_legend(actions, height),
            "</svg>\n",
        ]
    )


def _needed(waits: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return the dependencies without the transitive ones."""
    everything: dict[str, set[str]] = {}

    def before(key: str) -> set[str]:
        if key not in everything:
            everything[key] = set(waits[key]).union(*(before(other) for other in waits[key]))
        return everything[key]

    return {key: {o for o in others if not any(o in before(x) for x in others)} for key, others in waits.items()}


def _placed(steps: Sequence[Step], waits: Mapping[str, set[str]]) -> tuple[list[Place], list[tuple[Place, Place]]]:
    """Return a place for each step and each layer that an arrow passes, and the arrows between places."""
    layers = _layers(waits)
    at = {step.key: Place(layers[step.key], step) for step in steps}
    places, arrows = list(at.values()), []
    for key, others in waits.items():
        for other in sorted(others):
            last = at[other]
            for layer in range(last.layer + 1, at[key].layer):
                places.append(Place(layer))
                arrows.append((last, places[-1]))
                last = places[-1]
            arrows.append((last, at[key]))
    return places, arrows


def _layers(waits: Mapping[str, set[str]]) -> dict[str, int]:
    """Return each step's layer: right below its lowest dependency; without any, right above its first dependent."""
    found: dict[str, int] = {}

    def layer(key: str) -> int:
        if key not in found:
            found[key] = max((1 + layer(other) for other in waits[key]), default=0)
        return found[key]

    for key in waits:
        layer(key)
    for key in waits:
        users = [found[user] for user, others in waits.items() if key in others]
        if not waits[key] and users:
            found[key] = min(users) - 1
    return found


def _arrange(layers: Sequence[list[Place]], arrows: Sequence[tuple[Place, Place]]) -> None:
    """Move each place towards the middle of its neighbours, alternating between those above and below."""
    above = {place: [start for start, end in arrows if end is place] for layer in layers for place in layer}
    below = {place: [end for start, end in arrows if start is place] for layer in layers for place in layer}
    for layer in layers:
        _spread(layer, [index * (BOX + GAP) for index in range(len(layer))])
    for number in range(ROUNDS):
        joined, order = (above, layers) if number % 2 == 0 else (below, reversed(layers))
        for layer in order:
            wishes = {p: sum(o.x for o in joined[p]) / len(joined[p]) if joined[p] else p.x for p in layer}
            layer.sort(key=wishes.__getitem__)
            _spread(layer, [wishes[place] for place in layer])


def _spread(layer: Sequence[Place], wishes: Sequence[float]) -> None:
    """Give each its preferred position, moved just enough to keep the order and avoid overlaps."""
    blocks: list[tuple[list[Place], float]] = []  # touching places, and the x of the first
    for place, wish in zip(layer, wishes, strict=True):
        block, x = [place], wish
        while blocks and blocks[-1][1] + _length(blocks[-1][0]) + _between(blocks[-1][0][-1], block[0]) > x:
            before, start = blocks.pop()
            along = _length(before) + _between(before[-1], block[0])
            x = (start * len(before) + (x - along) * len(block)) / (len(before) + len(block))
            block = before + block
        blocks.append((block, x))
    for block, start in blocks:
        x = start
        for index, place in enumerate(block):
            x += _between(block[index - 1], place) if index else 0
            place.x = x


def _between(left: Place, right: Place) -> float:
    return (left.width + right.width) / 2


def _length(block: Sequence[Place]) -> float:
    return sum(_between(left, right) for left, right in itertools.pairwise(block))


def _paths(arrows: Sequence[tuple[Place, Place]]) -> Iterator[list[Place]]:
    """Return the arrows between steps."""
    for start, end in arrows:
        if start.step:
            path = [start, end]
            while path[-1].step is None:
                path.append(next(after for before, after in arrows if before is path[-1]))
            yield path


def _arrow(path: Sequence[Place]) -> str:
    top = MARGIN + path[0].layer * LAYER + HEIGHT
    drawn = [f"M{path[0].x:.0f} {top}"]
    for before, after in itertools.pairwise(path):
        y = MARGIN + after.layer * LAYER
        middle = y - (LAYER - HEIGHT) / 2
        drawn.append(f"C{before.x:.0f} {middle:.0f} {after.x:.0f} {middle:.0f} {after.x:.0f} {y}")
        if after.step is None:
            drawn.append(f"V{y + HEIGHT}")
    start, end = path[0].step, path[-1].step
    what = escape(f"{end.kind} {end.name} waits for {start.kind} {start.name}") if start and end else ""
    return f'<path d="{"".join(drawn)}" fill="none" stroke="{LINE}" marker-end="url(#end)"><title>{what}</title></path>'


def _box(place: Place) -> str:
    step, left, top = place.step, place.x - BOX / 2, MARGIN + place.layer * LAYER
    assert step is not None  # noqa: S101 - only steps have boxes
    name = step.name if len(step.name) <= _LETTERS else f"{step.name[: _LETTERS - 1]}…"
    kind, words = escape(step.kind), f'x="{place.x:.0f}" text-anchor="middle"'
    return (
        f"<g><title>{kind} {escape(step.name)}</title>"
        f'<rect x="{left:.0f}" y="{top}" width="{BOX}" height="{HEIGHT}" rx="5" fill="{COLOURS[step.action][0]}" '
        f'stroke="{LINE}"/><text {words} y="{top + 18}" font-weight="bold">{kind}</text>'
        f'<text {words} y="{top + 34}">{escape(name)}</text></g>'
    )


def _legend(actions: Iterable[Action], height: int) -> Iterator[str]:
    for index, action in enumerate(actions):
        colour, words = COLOURS[action]
        x, y = MARGIN + index * 160, height - MARGIN
        yield f'<rect x="{x}" y="{y}" width="14" height="14" rx="3" fill="{colour}" stroke="{LINE}"/>'
        yield f'<text x="{x + 20}" y="{y + 12}">{words}</text>'
