"""How many requests a deploy sends to Azure Resource Manager, and in which order. docs/how-it-works.md says it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")
UNCHANGED = 15
FIRST = 35
DIGESTS = 2
PROVIDERS = ("Microsoft.ContainerRegistry", "Microsoft.Storage", "Microsoft.Web")
_OPERATION = re.compile(r"/operationStatuses/|/asyncoperations/")
_WAITING = re.compile(rf"{_OPERATION.pattern}|/runs/[^/]+$")


def asked(requests: list[dict[str, Any]]) -> Counter[str]:
    """How often each thing was asked for; what waits for something long asks as often as it takes."""
    return Counter(f"{each['method']} {each['path']}" for each in requests if not _WAITING.search(each["path"]))


@pytest.mark.slow
def test_a_first_deploy_asks_for_nothing_twice_before_it_writes_and_a_second_sends_no_more_than_it_needs(
    cli: Command, emulator: Emulator
) -> None:
    emulator.control("PUT", "providers", dict.fromkeys(PROVIDERS, "Registered"))
    emulator.control("PUT", "latency", {"profile": "azure", "scale": 0.01})
    assert cli("deploy", *JSON).exit_code == 0
    first = emulator.requests
    counted = asked(first)
    assert sum(counted.values()) == FIRST
    # Storage account and registry, each when Azure said that it would be ready, and not before.
    assert sum(_OPERATION.search(each["path"]) is not None for each in first) == len(("account", "registry"))
    began = next(number for number, each in enumerate(first) if each["write"])
    assert max(asked(first[:began]).values()) == 1

    emulator.forget_requests()
    second = cli("deploy", *JSON, "--verbose")
    assert second.exit_code == 0
    assert second.stderr.count("/manifests/") == DIGESTS
    assert len(emulator.requests) == UNCHANGED
    assert max(asked(emulator.requests).values()) == 1
    assert emulator.writes == []


@pytest.mark.slow
def test_the_parts_of_the_web_app_are_written_one_after_another(cli: Command, emulator: Emulator) -> None:
    assert cli("deploy", *JSON).exit_code == 0
    written = [each for each in emulator.requests if each["write"] and "/Microsoft.Web/sites/" in each["path"]]
    assert [each["path"].rpartition("/config/")[2] for each in written[1:]] == [
        "logs",
        "azurestorageaccounts",
        "appsettings",
        "web",
    ]
    for before, after in pairwise(written):
        assert before["began"] + before["seconds"] <= after["began"]


def test_a_plan_asks_for_what_there_is_not_only_once(cli: Command, emulator: Emulator) -> None:
    assert cli("plan", *JSON).exit_code == 0
    asked_once = [each for each in emulator.requests if not each["path"].endswith("/checkPolicyRestrictions")]
    assert max(asked(asked_once).values()) == 1  # policies are asked about each kind of resource
