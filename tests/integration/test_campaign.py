"""Fixed cases of the campaign that do not take long: some in each run, a tenth each night (.ci/nightly)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import PAIRS, start_of

if TYPE_CHECKING:
    from tests.campaign.operations import Step

pytestmark = pytest.mark.slow

NIGHTLY = (pytest.mark.nightly, pytest.mark.timeout(3600))


@pytest.mark.parametrize("operation", [each.name for each in OPERATIONS if not each.takes_long])
@pytest.mark.parametrize(
    "every",
    [
        pytest.param(1000, marks=pytest.mark.timeout(900), id="once"),  # more requests than any command sends
        pytest.param(10, marks=NIGHTLY, id="a tenth"),
    ],
)
def test_a_disturbed_command_keeps_every_promise_and_comes_to_the_same_end(
    tmp_path: Path, operation: str, every: int
) -> None:
    harms = [f"--harm={each.name}" for each in HARMS]
    cases = _run(tmp_path, f"--every={every}", f"--operation={operation}", *harms)
    assert {case["harm"] for case in cases} == {each.name for each in HARMS}


def _alike() -> list[list[str]]:
    """The pairs that do not take long, those together that start from the same state."""
    alike: dict[tuple[Step, ...], list[str]] = {}
    for one, other in PAIRS:
        if not (one.takes_long or other.takes_long):
            alike.setdefault(start_of(one, other), []).append(f"{one.name} / {other.name}")
    return list(alike.values())


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pairs", _alike(), ids=lambda pairs: pairs[0])
def test_two_commands_at_once_keep_every_promise(tmp_path: Path, pairs: list[str]) -> None:
    cases = _run(tmp_path, "--every=10", *(f"--pair={each}" for each in pairs))
    # A request at which a command was to wait may not be sent this time.
    assert len(set(pairs) - {case["operation"] for case in cases}) <= len(pairs) // 5


def _run(results: Path, *asked: str) -> list[dict[str, Any]]:
    """Run cases, and fail with those that broke a promise."""
    file = results / "cases.jsonl"
    line = [sys.executable, "-m", "tests.campaign", *asked, "--results", str(file)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    cases = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    assert [case for case in cases if case["faults"]] == []
    assert done.returncode == 0, done.stdout + done.stderr
    return cases
