"""What a plan says of a change, instead of how Azure spells it."""

from __future__ import annotations

import pytest

from mlflow_azure.cli import meaning
from mlflow_azure.events import Action, Difference, Step


def said(*differences: Difference) -> list[str]:
    return meaning.lines(Step("web app", "mlflow", "sign-in", Action.UPDATE, differences=differences))


def test_sign_in_that_is_turned_on_is_one_line() -> None:
    on = Difference("properties.platform.enabled", False, True)
    how = Difference("properties.globalValidation.redirectToProvider", None, "azureactivedirectory")
    assert said(on, how) == ["sign-in: off → on"]
    assert said(how) == ["globalValidation.redirectToProvider: (none) → azureactivedirectory"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, [{"ipAddress": "10.0.0.0/8"}], "access: anyone → only 10.0.0.0/8"),
        ([{"ipAddress": "10.0.0.0/8"}], [], "access: only 10.0.0.0/8 → anyone"),
    ],
)
def test_networks_are_told_as_who_has_access(before: object, after: object, words: str) -> None:
    assert said(Difference("properties.ipSecurityRestrictions", before, after)) == [words]


def test_a_mount_is_told_by_what_is_mounted_and_where() -> None:
    share, path = Difference("account.shareName", "one", "two"), Difference("account.mountPath", "/a", "/b")
    assert said(share, path) == ["file share: one → two", "mounted at: /a → /b"]
