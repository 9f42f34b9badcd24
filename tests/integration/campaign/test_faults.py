"""Commands that are killed, interrupted, or answered with errors: a fixed tenth; all cases are `make campaign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.campaign_tenth import disturbed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

OPERATIONS = (
    ("first deploy", "cd disable", "identity off"),
    ("update of everything", "destroy", "auth enable"),
    ("cd enable", "identity on", "deploy with more workers"),
    ("auth disable", "rotate-keys", "deploy with sign-in"),
)


@pytest.mark.parametrize("operations", OPERATIONS, ids=" and ".join)
def test_a_disturbed_command_keeps_every_promise_and_comes_to_the_same_end(
    tmp_path: Path, operations: tuple[str, ...]
) -> None:
    disturbed(tmp_path / "cases.jsonl", operations)
