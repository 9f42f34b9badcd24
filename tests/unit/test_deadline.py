"""Waiting until a deadline: for work, and for something to come about."""

from __future__ import annotations

import threading

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import TimedOutError


def test_polling_returns_what_was_found_at_last() -> None:
    looks = iter([None, None, "there"])
    assert Deadline().poll(lambda: next(looks), every=0) == "there"


def test_polling_takes_what_is_false_but_not_none_for_found() -> None:
    assert Deadline().poll(lambda: 0, every=0) == 0


def test_what_a_pause_lasts_may_be_asked_before_each() -> None:
    looks, pauses = iter([None, None, "there"]), iter([0.001, 0.002])
    assert Deadline().poll(lambda: next(looks), every=lambda: next(pauses)) == "there"
    assert list(pauses) == []


def test_polling_without_patience_looks_once() -> None:
    looks: list[str] = []
    found = Deadline().poll(lambda: looks.append("look"), every=60, patience=0)
    assert found is None
    assert len(looks) == 1


def test_a_look_that_takes_longer_than_the_patience_is_the_only_one() -> None:
    never = threading.Event()
    looks: list[str] = []

    def look() -> str | None:
        looks.append("look")
        never.wait(0.05)
        return None

    assert Deadline().poll(look, every=0, patience=0.01) is None
    assert len(looks) == 1


def test_polling_ends_at_the_deadline() -> None:
    with pytest.raises(TimedOutError):
        Deadline(0.01).poll(lambda: None, every=60)


def test_a_call_returns_what_its_work_returns() -> None:
    assert Deadline().call(lambda: "done") == "done"


def test_a_call_raises_what_its_work_raises() -> None:
    def work() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        Deadline().call(work)


def test_a_call_does_not_wait_for_work_that_never_ends() -> None:
    never = threading.Event()
    with pytest.raises(TimedOutError):
        Deadline(0.01).call(never.wait)
    never.set()
