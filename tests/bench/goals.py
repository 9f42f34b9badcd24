"""What a deploy is to cost at most, beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.measure import Spread, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST, SECOND, PLAIN, SCRIPT = "first deploy", "second deploy", "plain SDK program", "26 `az` commands"


@dataclass(frozen=True)
class Measured:
    """What was measured at one latency.

    Attributes:
        seconds: Of each contender.
        least: Seconds of its longest chain and Python's share, of the first deploy.
        requests: The most that a run of a contender sent.
        writes: Likewise, what it wrote.

    """

    seconds: Mapping[str, Spread]
    least: Spread
    requests: Mapping[str, int]
    writes: Mapping[str, int]


def goals(at_once: Measured, slowed: Measured, light: Measured) -> str:
    """A table: each goal, what was measured, and whether the median meets it.

    Args:
        at_once: At no latency.
        slowed: At 1:10.
        light: At no latency, with servers that start at once.

    """
    return table(["goal", "measured", "met"], _rows(at_once, slowed, light))


def _rows(at_once: Measured, slowed: Measured, light: Measured) -> Iterator[list[object]]:
    yield _at_most(
        "first deploy by the least that its chain allows, at 1:10", 1.1, slowed.seconds[FIRST] / slowed.least
    )
    yield _at_most(
        "first deploy by the plain program, at no latency", 1.3, at_once.seconds[FIRST] / at_once.seconds[PLAIN]
    )
    yield _at_most("second deploy, seconds", 1.2, at_once.seconds[SECOND])
    for where, measured, least in (
        ("at no latency", at_once, 15.0),
        ("at no latency, servers starting at once", light, 15.0),
        ("at 1:10", slowed, 6.0),
    ):
        if SCRIPT in measured.seconds:
            ratio = measured.seconds[SCRIPT] / measured.seconds[FIRST]
            yield [f"script by first deploy, {where}: at least {least:g}", ratio, _met(ratio.median >= least)]
    counts = (("first deploy, requests", 39, FIRST), ("second deploy, requests", 17, SECOND))
    for name, most, contender in counts:
        found = max(each.requests[contender] for each in (at_once, slowed))
        yield [f"{name}: at most {most}", found, _met(found <= most)]
    written = max(each.writes[SECOND] for each in (at_once, slowed))
    yield ["second deploy, writes: none", written, _met(not written)]


def _at_most(name: str, most: float, found: Spread) -> list[object]:
    return [f"{name}: at most {most:g}", found, _met(found.median <= most)]


def _met(well: bool) -> str:
    return "yes" if well else "no"
