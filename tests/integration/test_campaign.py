"""Fixed cases of the campaign that do not take long: some in each run, a tenth each night (.ci/nightly)."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.pairs import PAIRS, start_of

if TYPE_CHECKING:
    from tests.campaign.operations import Step

pytestmark = pytest.mark.slow

AT_ONCE = 4
"""Processes. Most of a case is waiting: for a deadline that passes, or before a request is sent again."""
SHORT = [each.name for each in OPERATIONS if not each.takes_long]


@pytest.mark.parametrize(
    "every",
    [
        pytest.param(1000, marks=pytest.mark.timeout(900), id="once"),  # more requests than any command sends
        pytest.param(10, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)], id="a tenth"),
    ],
)
def test_a_disturbed_command_keeps_every_promise_and_comes_to_the_same_end(tmp_path: Path, every: int) -> None:
    harms = [f"--harm={each.name}" for each in HARMS]
    cases = _run(tmp_path, [[f"--every={every}", f"--operation={name}", *harms] for name in SHORT])
    assert {case["operation"] for case in cases} == set(SHORT)
    assert {case["harm"] for case in cases} == {each.name for each in HARMS}


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_two_commands_at_once_keep_every_promise(tmp_path: Path) -> None:
    alike: dict[tuple[Step, ...], list[str]] = {}  # pairs that start from the same state
    for one, other in PAIRS:
        if not (one.takes_long or other.takes_long):
            alike.setdefault(start_of(one, other), []).append(f"{one.name} / {other.name}")
    cases = _run(tmp_path, [["--every=10", *(f"--pair={name}" for name in names)] for names in alike.values()])
    # A request at which a command was to wait may not be sent this time.
    assert len({case["operation"] for case in cases}) > 0.9 * sum(map(len, alike.values()))


def _run(results: Path, asked: list[list[str]]) -> list[dict[str, Any]]:
    """Run cases in several processes, and fail with those that broke a promise."""

    def run(number: int) -> list[dict[str, Any]]:
        file = results / f"{number}.jsonl"
        line = [sys.executable, "-m", "tests.campaign", *asked[number], "--results", str(file)]
        done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        cases = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        assert [case for case in cases if case["faults"]] == []
        assert done.returncode == 0, done.stdout + done.stderr
        return cases

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [case for cases in threads.map(run, range(len(asked))) for case in cases]
