"""What counts as a difference between what is desired and what is there."""

from __future__ import annotations

from typing import Any

import pytest

from mlflow_azure.engine.compare import UNKNOWN, OneOf, chosen, differences, has_unknown
from mlflow_azure.events import Difference


def test_what_azure_added_is_no_difference() -> None:
    live = {"tls": "1.2", "id": "/a", "network": {"deny": True, "bypass": "AzureServices"}}
    assert differences({"tls": "1.2", "network": {"deny": True}}, live) == ()


def test_a_difference_is_named_by_its_path_with_what_is_there_and_what_is_wanted() -> None:
    desired = {"tls": "1.2", "network": {"deny": True, "rules": [1, 2]}}
    assert differences(desired, {"tls": "1.0", "network": {"rules": [2, 1]}}) == (
        Difference("tls", "1.0", "1.2"),
        Difference("network.deny", None, after=True),
        Difference("network.rules", [2, 1], [1, 2]),
    )


@pytest.mark.parametrize("there", [None, "a key", UNKNOWN])
def test_a_value_that_nobody_knows_yet_differs_from_whatever_is_there(there: Any) -> None:
    assert differences({"settings": {"key": UNKNOWN}}, {"settings": {"key": there}}) == (
        Difference("settings.key", there, UNKNOWN),
    )


@pytest.mark.parametrize("value", [UNKNOWN, {"a": {"b": UNKNOWN}}, {"a": ["b", UNKNOWN]}, ("a", {"b": [UNKNOWN]})])
def test_an_unknown_value_is_found_at_any_depth(value: Any) -> None:
    assert has_unknown(value)


@pytest.mark.parametrize("value", [None, "", 0, False, {}, [], {"a": [None, {"b": ""}]}])
def test_nothing_that_is_merely_empty_is_unknown(value: Any) -> None:
    assert not has_unknown(value)


def test_of_several_values_that_will_do_the_live_one_stays_and_else_the_first_is_written() -> None:
    desired = {"mount": {"key": OneOf(("first", "second")), "path": "/a"}}
    assert differences(desired, {"mount": {"key": "second", "path": "/a"}}) == ()
    [found] = differences(desired, {"mount": {"key": "void", "path": "/a"}})
    assert (found.path, found.before, found.after) == ("mount.key", "void", "first")
    assert chosen(desired, {"mount": {"key": "second"}}) == {"mount": {"key": "second", "path": "/a"}}
    assert chosen(desired, {"mount": {"key": "void"}}) == {"mount": {"key": "first", "path": "/a"}}
    assert chosen(desired, None) == {"mount": {"key": "first", "path": "/a"}}
