"""A few cases of the campaign, always the same ones; all of it is `make campaign`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CASES = {
    "auth enable": ("kill -9", "cut after the effect"),
    "cd disable": ("Ctrl+C", "409"),
}
"""Operations, and harms, each of which comes at every fourteenth request."""


@pytest.mark.parametrize("operation", CASES)
def test_a_command_that_is_disturbed_keeps_every_promise_and_comes_to_the_same_end(
    tmp_path: Path, operation: str
) -> None:
    results = tmp_path / "cases.jsonl"
    harms = [f"--harm={harm}" for harm in CASES[operation]]
    line = [sys.executable, "-m", "tests.campaign", "--every", "14", "--operation", operation, *harms]
    subprocess.run([*line, "--results", str(results)], check=False, capture_output=True, cwd=Path(__file__).parents[2])
    cases = [json.loads(line) for line in results.read_text().splitlines()]
    assert len(cases) >= len(CASES[operation])
    assert [case for case in cases if case["faults"]] == []
