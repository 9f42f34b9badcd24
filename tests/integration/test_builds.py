"""Where `deploy` builds the image, when the emulator runs web apps as processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light


def test_a_local_build_is_refused_before_anything_is_written(cli: Command, emulator: Emulator) -> None:
    refused = cli("deploy", "--cloud", "emulator", "--build", "local", "--output", "json")
    assert refused.exit_code == 2
    assert "--build local" in refused.errors[0]["message"]
    assert "--build remote" in refused.errors[0]["hint"]
    assert emulator.writes == []


def test_an_image_that_is_not_there_is_not_built_against_the_users_will(cli: Command, emulator: Emulator) -> None:
    refused = cli("deploy", "--cloud", "emulator", "--build", "none", "--output", "json")
    assert refused.exit_code == 1
    assert [error["code"] for error in refused.errors] == ["ImageNotFound"]
