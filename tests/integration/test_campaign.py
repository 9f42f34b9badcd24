"""A few cases of the campaign, always the same ones; all of it is `make campaign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.campaign.harms import HARMS
from tests.campaign.operations import OPERATIONS
from tests.campaign.stage import Stage
from tests.campaign.trial import Trial

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

CASES = {"kill -9": 0.5, "SIGTERM": 0.7, "cut after the effect": 0.9}
"""Harms, and after which share of the requests they come."""


@pytest.fixture(scope="module")
def trial(shared_cli: Command, shared_emulator: Emulator) -> Trial:
    trial = Trial(Stage(shared_cli, shared_emulator), next(each for each in OPERATIONS if each.name == "auth enable"))
    trial.rehearse()
    return trial


@pytest.mark.parametrize("name", CASES)
def test_a_command_that_is_disturbed_keeps_every_promise_and_comes_to_the_same_end(trial: Trial, name: str) -> None:
    harm = next(each for each in HARMS if each.name == name)
    assert trial.case(harm, round(CASES[name] * len(trial.requests))).faults == ()
