"""A deploy that something stops is finished by running it again, whatever stopped it and wherever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

DEPLOY = ("deploy", "--cloud", "emulator", "--output", "json")
NAMESPACES = ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web")
ENOUGH = 12
"""Runs: more than the longest chain of resources that wait for each other."""

FAULTS = {
    "cut off before it takes effect": {"kind": "cut-before"},
    "cut off after it took effect": {"kind": "cut-after"},
    "refused as a conflict": {"kind": "status", "status": 409, "code": "Conflict", "message": "It is in progress."},
    "accepted, and fails in the end": {"kind": "operation-failed", "message": "It did not work out."},
}
AMBIGUOUS = {"cut-after", "operation-failed"}
"""Faults of writes that the client cannot know to have taken effect, or not."""


@pytest.fixture(scope="module")
def writes(shared_cli: Command, shared_emulator: Emulator) -> list[tuple[str, str]]:
    """Every write of a first deploy: its method, and a pattern of its path that fits any other deployment."""
    made = shared_cli.of("first")(*DEPLOY).data["resources"]
    names = {row["name"] for row in made if row["kind"] in {"storage account", "container registry", "web app"}}
    others = re.compile("|".join(map(re.escape, names)))
    return [
        (request["method"], others.sub("[^/]+", request["path"]).replace("/first", "/[^/]+") + "$")
        for request in shared_emulator.requests
        if request["write"]
    ]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_deploy_is_finished_by_running_it_again_when_each_write_is_once(
    shared_cli: Command, shared_emulator: Emulator, writes: list[tuple[str, str]], fault: dict[str, Any]
) -> None:
    cli = shared_cli.of(f"rg-{fault['kind']}-{fault.get('status')}")
    shared_emulator.control("PUT", "providers", dict.fromkeys(NAMESPACES, "NotRegistered"))
    for method, path in writes:
        shared_emulator.fail(method=method, path=path, **fault)
    for _ in range(ENOUGH):
        shared_emulator.forget_requests()
        answer = cli(*DEPLOY)
        if answer.exit_code == 0:
            break
        assert_explained(answer)
        assert_claims_what_was_done(answer, shared_emulator, exactly=fault["kind"] not in AMBIGUOUS)
    assert answer.exit_code == 0
    assert_nothing_left_to_do(cli, shared_emulator)


def assert_explained(answer: Result) -> None:
    """A deploy that failed says why, and that running it again goes on."""
    assert answer.exit_code in {1, 4}
    for error in answer.errors:
        assert error["code"] != "InternalError"
        assert ": " in error["message"]
        assert "again" in error["hint"]


def assert_claims_what_was_done(answer: Result, emulator: Emulator, *, exactly: bool) -> None:
    claimed = {row["id"].lower() for row in answer.answer["data"]["resources"] if row["action"] != "keep"}
    done = {
        written(request["path"]) for request in emulator.requests if request["write"] and 0 < request["status"] < 300
    }
    assert claimed <= done
    if exactly:
        assert claimed == done


def written(path: str) -> str:
    """The id of the resource that a write to this path makes."""
    path = path.lower().removesuffix("/register")
    return path.replace("/schedulerun", "/repositories/mlflowimage/tags/latest")


def assert_nothing_left_to_do(cli: Command, emulator: Emulator) -> None:
    emulator.forget_requests()
    assert {row["action"] for row in cli(*DEPLOY).data["resources"]} == {"keep"}
    assert emulator.writes == []
