"""One fault that passes fails no command, and a lost answer is told as what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.test_resume import assert_nothing_left_to_do

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

DEPLOY = ("deploy", "--cloud", "emulator", "--output", "json")
READING_POSTS = (
    "/storageAccounts/[^/]+/listKeys$",
    "/registries/[^/]+/listCredentials$",
    "/config/appsettings/list$",
    "/checkNameAvailability$",
    "/listBuildSourceUploadUrl$",
    "/listLogSasUrl$",
)
LOG = "^/acrtasks/.*/logs/"


def test_a_deploy_survives_one_cut_connection_at_each_post_that_only_reads(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    for path in READING_POSTS:
        shared_emulator.fail(method="POST", path=path, kind="cut-after")
    assert shared_cli.of("blips")(*DEPLOY).data["resources"]


def test_a_patch_survives_a_cut_connection(deployment: Deployment) -> None:
    deployment.emulator.fail(method="PATCH", path="", kind="cut-after")
    deployment.emulator.forget_requests()
    assert deployment.json("deploy", "--identity").exit_code == 0
    assert next(each["status"] for each in deployment.emulator.requests if each["method"] == "PATCH") == 0
    assert deployment.json("deploy", "--no-identity").exit_code == 0


def test_a_build_whose_start_was_not_confirmed_is_not_started_twice(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    cli = shared_cli.of("unconfirmed")
    shared_emulator.fail(method="POST", path="/scheduleRun$", kind="cut-after")
    shared_emulator.forget_requests()
    [error] = cli(*DEPLOY).errors
    assert error["code"] == "AnswerLost"
    assert "may or may not have been done" in error["message"]
    assert "safe to run the command again" in error["hint"]
    scheduled = [each["path"] for each in shared_emulator.requests if each["path"].endswith("/scheduleRun")]
    assert len(scheduled) == 1
    assert cli(*DEPLOY).exit_code == 0
    assert_nothing_left_to_do(cli, shared_emulator)


@pytest.mark.parametrize("status", [429, 403, 500])
@pytest.mark.parametrize("path", [LOG, "/listLogSasUrl$"], ids=["log", "link"])
def test_a_build_whose_log_cannot_be_read_is_waited_for_all_the_same(
    shared_cli: Command, shared_emulator: Emulator, status: int, path: str
) -> None:
    later = {"Retry-After": "100000"} if status == 429 else {}
    for method in ("GET", "POST"):
        shared_emulator.fail(method=method, path=path, status=status, headers=later, times=None)
    answer = shared_cli.of(f"log-{status}-{path[:5].strip('^/')}")(*DEPLOY)
    shared_emulator.heal()
    assert answer.exit_code == 0, answer.stderr
    assert f"its log cannot be read ({status})" in answer.stderr
    assert "sig=" not in answer.stderr
