"""A fixed tenth of the campaign, which the tests run: every tenth request, each harm from another one on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.campaign.harms import HARMS
from tests.campaign.pairs import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERY = 10


def disturbed(results: Path, operations: Iterable[str]) -> None:
    """Disturb some operations in every way, and fail with the cases that broke a promise."""
    harms = [f"--harm={each.name}" for each in HARMS]
    cases = _run(results, *harms, *(f"--operation={each}" for each in operations))
    assert {case["operation"] for case in cases} == set(operations)


def two_at_once(results: Path, operation: str) -> None:
    """Run every other command within an operation, and fail with the cases that broke a promise.

    Commands that copy or move what is stored are left out: each takes too long.
    """
    pairs = ((one, other) for one, other in PAIRS if one.name == operation and not (one.stores or other.stores))
    names = {f"{one.name} / {other.name}" for one, other in pairs}
    cases = _run(results, f"--operation={operation}", *(f"--pair={each}" for each in names))
    assert {case["operation"] for case in cases} == names


def _run(results: Path, *asked: str) -> list[dict[str, Any]]:
    line = [sys.executable, "-m", "tests.campaign", f"--every={EVERY}", *asked, "--results", str(results)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    cases = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    assert [case for case in cases if case["faults"]] == []
    assert done.returncode == 0, done.stdout + done.stderr
    return cases
