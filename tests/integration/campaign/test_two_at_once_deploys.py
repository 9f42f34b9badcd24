"""Deploys, rotated keys and destroys, with any other command within: a fixed tenth; all cases are `make campaign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.campaign_tenth import two_at_once

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize(
    "operation", ["identity on", "identity off", "deploy with more workers", "rotate-keys", "destroy"]
)
def test_two_commands_at_once_keep_every_promise(tmp_path: Path, operation: str) -> None:
    two_at_once(tmp_path / "cases.jsonl", operation)
