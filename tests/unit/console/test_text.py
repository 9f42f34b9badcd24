from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.console import text
from mlflow_azure.events import Action, Difference, Step

if TYPE_CHECKING:
    from tests.support.consoles import Steps


def test_fields_stand_in_two_columns() -> None:
    assert text.fields([("URL", "https://x"), ("Tracking URI", 5)]) == (
        "URL           https://x\n"
        "Tracking URI  5"
    )  # fmt: skip


def test_a_table_is_aligned_under_its_header() -> None:
    rows = [("web app", "mlflow-3f9a", "Running"), ("資源", "x", "")]
    assert text.table(["KIND", "NAME", "STATE"], rows) == (
        "KIND     NAME         STATE\n"
        "web app  mlflow-3f9a  Running\n"
        "資源     x"
    )  # fmt: skip


def test_a_plan_shows_what_changes_and_hides_what_a_secret_is(steps: type[Steps]) -> None:
    assert (
        text.changes(steps.every)
        == """\
  + container registry  mlflow3f9a1c02
  + App Service plan    mlflowappserviceplan
-/+ image               mlflowimage:latest
  ~ web app             mlflow-3f9a1c02
      properties.httpsOnly: false → true
      appSettings.WEBSITES_PORT: (none) → 5000
      appSettings.KEY: (secret) → (secret)

Plan: 2 to create, 1 to update, 1 to replace, 1 unchanged."""
    )


def test_a_new_resource_shows_only_the_values_it_gets() -> None:
    new = Step("s", "file share", "mlflow", Action.CREATE, differences=(Difference("quota", None, 2),))
    assert text.changes([new]).splitlines()[1] == "      quota: 2"


def test_a_value_that_is_known_only_later_is_shown_by_its_text() -> None:
    class KnownLater:
        def __str__(self) -> str:
            return "(known after deploy)"

    step = Step("s", "web app", "m", Action.UPDATE, differences=(Difference("a", {"b": [1]}, KnownLater()),))
    assert 'a: {"b": [1]} → (known after deploy)' in text.changes([step])


@pytest.mark.parametrize(
    ("kept", "said"),
    [(1, "Up to date; nothing to change (1 resource)."), (9, "Up to date; nothing to change (9 resources).")],
)
def test_a_plan_without_changes_says_so(kept: int, said: str) -> None:
    assert text.changes(Step(str(i), "file share", "m", Action.KEEP) for i in range(kept)) == said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.04, "0.0 s"),
        (3.14, "3.1 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (65, "1 min 05 s"),
        (3599.9, "1 h 00 min"),
        (7380, "2 h 03 min"),
    ],
)
def test_a_duration_reads_like_words(seconds: float, words: str) -> None:
    assert text.duration(seconds) == words


@pytest.mark.parametrize(
    ("foreign", "kept"),
    [
        ("\x1b[31mred\x1b[0m\n", "red"),
        ("10%\r20%\r30%\r", "30%"),
        ("\x1b]0;title\x07shown", "shown"),
        ("a\tb", "a       b"),
        ("be\x07ep\x00", "beep"),
        ("\x1b[2K\x1b[1Aup", "up"),
    ],
)
def test_foreign_text_cannot_move_the_cursor(foreign: str, kept: str) -> None:
    assert text.clean(foreign) == kept


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("Deploy: mlflow-azure deploy. Or not.", "Deploy: mlflow-azure deploy\nOr not."),
        ("mlflow-azure cd enable --rg-name 'a b'. Then go on.", "mlflow-azure cd enable --rg-name 'a b'\nThen go on."),
        ("Update mlflow-azure. Then go on.", "Update mlflow-azure. Then go on."),
        ("Run mlflow-azure auth enable, which repairs it.", "Run mlflow-azure auth enable, which repairs it."),
        ("The image of mlflow-azure has a server. Use it.", "The image of mlflow-azure has a server. Use it."),
    ],
)
def test_no_full_stop_is_copied_with_a_command(hint: str, told: str) -> None:
    assert text.apart(hint) == told


def test_a_command_with_spaces_in_its_values_stays_in_one_piece() -> None:
    command = "HOME_OF_IT='/my home' '/my bin/mlflow-azure' status --settings '/it'\"'\"'s here/a.env' --rg-name 'g(4)'"
    assert text.wrapped(f"Check its state: {command}, or not", 40).split("\n") == [
        "Check its state:",
        f"{command},",
        "or not",
    ]


def test_where_a_row_of_a_table_is_too_long_the_last_cell_of_each_row_is_beneath_it() -> None:
    table = text.table(("RESOURCE", "NAME", "STATE"), [("web app", "a", "Running"), ("image", "b" * 20, "Succeeded")])
    assert text.wrapped(f"Server  up\n\n{table}", 60) == f"Server  up\n\n{table}"
    assert text.wrapped(f"Server  up\n\n{table}", 40).split("\n") == [
        *("Server  up", "", "RESOURCE  NAME", "          STATE", "web app   a", "          Running"),
        *(f"image     {'b' * 20}", "          Succeeded"),
    ]


@pytest.mark.parametrize(("count", "words"), [(0, "0 files"), (1, "1 file"), (12_000, "12,000 files")])
def test_one_file_is_no_files(count: int, words: str) -> None:
    assert text.files(count) == words
