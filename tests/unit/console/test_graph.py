"""The graph of a plan."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mlflow_azure.console.graph import BOX, COLOURS, graph
from mlflow_azure.events import Action, Planned, Step

SVG = "{http://www.w3.org/2000/svg}"
Boxes = dict[str, tuple[float, float]]


def step(name: str, action: Action = Action.CREATE) -> Step:
    return Step(f"thing/{name}", "thing", name, action)


def image(waits: dict[str, set[str]]) -> ET.Element:
    """The image of steps that are named in an order in which each stands after what it waits for."""
    keys = {f"thing/{name}": tuple(f"thing/{other}" for other in others) for name, others in waits.items()}
    return ET.fromstring(graph(Planned(tuple(map(step, waits)), keys)))


def boxes(drawn: ET.Element) -> Boxes:
    """The corner of each box, by its name."""
    found = {}
    for group in drawn.iter(f"{SVG}g"):
        corner = group.find(f"{SVG}rect")
        assert corner is not None
        found[str(group.findtext(f"{SVG}title")).removeprefix("thing ")] = (
            float(corner.attrib["x"]),
            float(corner.attrib["y"]),
        )
    return found


def arrows(drawn: ET.Element) -> set[tuple[str, str]]:
    """Who waits for whom."""
    titles = [path.findtext(f"{SVG}title") or "" for path in drawn.findall(f"{SVG}path")]
    return {pair for title in titles for pair in re.findall(r"thing (\w+) waits for thing (\w+)", title)}


def test_a_wait_that_follows_from_others_is_not_drawn() -> None:
    drawn = image({"group": set(), "site": {"group"}, "mount": {"site", "group"}})
    assert arrows(drawn) == {("site", "group"), ("mount", "site")}


def test_what_waits_for_nothing_stands_right_above_its_first_user() -> None:
    at = boxes(image({"group": set(), "site": {"group"}, "provider": set(), "mount": {"site", "provider"}}))
    assert at["provider"][1] == at["site"][1]


def test_each_step_has_the_colour_of_what_is_done_to_it() -> None:
    steps = [step(action.value, action) for action in Action]
    drawn = ET.fromstring(graph(Planned(tuple(steps))))
    fills = [group.find(f"{SVG}rect") for group in drawn.iter(f"{SVG}g")]
    assert [fill.attrib["fill"] for fill in fills if fill is not None] == [COLOURS[action][0] for action in Action]


NAMES = "abcdefgh"
GRAPHS = st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES[:i] or "-")) for i, name in enumerate(NAMES)})


@given(GRAPHS)
def test_every_step_stands_below_what_it_waits_for_and_no_box_lies_over_another(waits: dict[str, set[str]]) -> None:
    waits = {name: others - {"-"} for name, others in waits.items()}
    at = boxes(image(waits))
    assert set(at) == set(waits)
    assert all(at[name][1] > at[other][1] for name, others in waits.items() for other in others)
    pairs = itertools.combinations(at.values(), 2)
    assert [pair for pair in pairs if pair[0][1] == pair[1][1] and abs(pair[0][0] - pair[1][0]) < BOX] == []


@given(GRAPHS)
def test_the_arrows_that_are_drawn_stand_for_all_waits(waits: dict[str, set[str]]) -> None:
    waits = {name: others - {"-"} for name, others in waits.items()}
    assert closure(arrows(image(waits))) == closure(
        {(name, other) for name, others in waits.items() for other in others}
    )


def closure(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """All that follows from who waits for whom."""
    found = set(pairs)
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found
