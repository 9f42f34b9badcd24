"""`--verbose` shows each request, and keeps its secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.deployment import Deployment

pytestmark = pytest.mark.light

REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|HEAD) \S+/\S* → \d{3} \(\d+ ms\)$", re.MULTILINE)


def test_each_request_is_shown_with_its_status_and_time(deployment: Deployment) -> None:
    emulator = deployment.emulator
    emulator.forget_requests()
    answer = deployment("plan", "--verbose")
    assert answer.exit_code == 0
    assert len(REQUEST.findall(answer.stderr)) >= len(emulator.requests) > 0
    assert not REQUEST.search(answer.stdout)


def test_without_it_no_request_is_shown(deployment: Deployment) -> None:
    assert not REQUEST.search(deployment("plan").stderr)


def test_no_query_is_shown_for_it_may_hold_a_signature(deployment: Deployment) -> None:
    told = deployment("logs", "--verbose").stderr + deployment("plan", "--verbose").stderr
    assert "?" not in "".join(line for line in told.splitlines() if REQUEST.match(line))
    assert "api-version" not in told
