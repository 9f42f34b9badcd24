"""Words, variables, files and answers of Azure that chance made: a fixed share of what can be run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "line", ["inputs --cases 60 --seed 2", "answers --every 25 --operation status --operation plan"]
)
def test_whatever_comes_in_a_sentence_and_a_promised_exit_code_come_out(line: str) -> None:
    module, *options = line.split()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.campaign.{module}", *options],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
