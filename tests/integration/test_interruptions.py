"""A deploy that is stopped from outside, or meets another one: what it answers, and that the next one goes on."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import subprocess

    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

DEPLOY = ("deploy", "--cloud", "emulator", "--output", "json")


def wait_for_writes(emulator: Emulator, number: int, deploy: subprocess.Popen[str]) -> None:
    """Wait until Azure has answered that many writes of a deploy."""
    wait_until(lambda: len(emulator.writes) >= number, deploy)


def assert_the_next_deploy_finishes(cli: Command, emulator: Emulator) -> None:
    assert cli(*DEPLOY).data["resources"]
    emulator.forget_requests()
    assert {row["action"] for row in cli(*DEPLOY).data["resources"]} == {"keep"}
    assert emulator.writes == []


def test_a_deploy_that_is_killed_again_and_again_is_finished_by_the_next(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    cli = shared_cli.of("killed")
    for writes in (1, 3, 3):
        shared_emulator.forget_requests()
        deploy = cli.start(*DEPLOY)
        wait_for_writes(shared_emulator, writes, deploy)
        deploy.kill()
        deploy.communicate()
    assert_the_next_deploy_finishes(cli, shared_emulator)


def test_ctrl_c_ends_a_deploy_with_130_and_what_was_done_until_then(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    cli = shared_cli.of("interrupted")
    shared_emulator.forget_requests()
    shared_emulator.fail(method="PUT", path="/sites/[^/]+$", kind="status", status=429, headers={"Retry-After": "30"})
    deploy = cli.start(*DEPLOY)
    wait_for_writes(shared_emulator, 3, deploy)
    deploy.send_signal(signal.SIGINT)
    answer, told = deploy.communicate()

    assert deploy.returncode == 130
    envelope = json.loads(answer)
    assert (envelope["status"], envelope["errors"][0]["code"]) == ("failed", "Interrupted")
    assert "resource group" in [row["kind"] for row in envelope["data"]["resources"]]
    assert "Traceback" not in told
    shared_emulator.heal()
    assert_the_next_deploy_finishes(cli, shared_emulator)


def test_of_two_deploys_at_once_none_breaks_the_other(shared_cli: Command, shared_emulator: Emulator) -> None:
    cli = shared_cli.of("twice")
    both = [cli.start(*DEPLOY), cli.start(*DEPLOY)]
    for deploy in both:
        answer, _ = deploy.communicate()
        envelope = json.loads(answer)
        assert deploy.returncode in {0, 1}
        assert all("again" in error["hint"] for error in envelope["errors"])
    assert_the_next_deploy_finishes(cli, shared_emulator)
