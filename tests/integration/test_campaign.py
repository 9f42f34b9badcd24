"""A few cases of each operation of the campaign, always the same ones; all of it is `make campaign`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPERATIONS = (
    ("first deploy", "auth disable", "rotate-keys", "deploy with sign-in"),
    ("update of everything", "destroy", "auth enable", "cd enable", "identity on", "deploy with more workers"),
)
"""Those that need no long preparation; the ones of a line begin where they share it."""
EACH = 10


@pytest.mark.parametrize("operations", OPERATIONS, ids=" and ".join)
def test_a_command_that_is_disturbed_keeps_every_promise_and_comes_to_the_same_end(
    tmp_path: Path, operations: tuple[str, ...]
) -> None:
    results = tmp_path / "cases.jsonl"
    asked = [f"--operation={each}" for each in operations]
    line = [sys.executable, "-m", "tests.campaign", f"--sample={EACH}", *asked, "--results", str(results)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [json.loads(line) for line in results.read_text().splitlines()]
    assert {case["operation"] for case in cases} == set(operations)
    assert [case for case in cases if case["faults"]] == []
