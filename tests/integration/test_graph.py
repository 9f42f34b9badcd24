"""`plan --graph`, and the graphs that the documentation shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


def titles(image: Path, element: str) -> list[str]:
    """What the boxes, or the arrows, of a graph are."""
    return [str(found.findtext(f"{SVG}title")) for found in ET.parse(image).getroot().findall(f"{SVG}{element}")]


def kinds(arrow: str, known: set[str]) -> list[str]:
    """Which kind waits for which."""
    return [max((k for k in known if end.startswith(f"{k} ")), key=len) for end in arrow.split(" waits for ")]


def test_the_graph_shows_every_resource_of_the_plan(cli: Command, emulator: Emulator, tmp_path: Path) -> None:
    image = tmp_path / "plan.svg"
    changes = cli("plan", "--cloud", "emulator", "--graph", str(image), "--output", "json").data["changes"]
    assert {f"{change['kind']} {change['name']}" for change in changes} <= set(titles(image, "g"))


def test_a_graph_that_cannot_be_written_is_an_error(cli: Command, emulator: Emulator, tmp_path: Path) -> None:
    done = cli("plan", "--cloud", "emulator", "--graph", str(tmp_path / "gone" / "plan.svg"), "--output", "json")
    assert done.exit_code == 2
    assert "--graph FILE.svg" in done.errors[0]["hint"]


@pytest.mark.parametrize(("picture", "options"), [("1.5.0", ()), ("3", ("--mlflow", "3", "--auth"))])
def test_the_graphs_of_the_documentation_are_those_of_the_plans(
    picture: str, options: tuple[str, ...], cli: Command, emulator: Emulator, tmp_path: Path
) -> None:
    image, shown = tmp_path / "plan.svg", PICTURES / f"graph-{picture}.svg"
    changes = cli("plan", "--cloud", "emulator", *options, "--graph", str(image), "--output", "json").data["changes"]
    known = {change["kind"] for change in changes} | {"MLflow server"}
    waits = [sorted(kinds(arrow, known) for arrow in titles(each, "path")) for each in (image, shown)]
    assert waits[0] == waits[1], "draw them anew: make pictures"
