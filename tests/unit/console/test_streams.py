"""What the console does with old encodings, closed streams and questions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.console import create, text
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.consoles import Steps, Streams, Terminal


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_old_encodings_get_ascii_in_the_same_columns(encoding: str, steps: type[Steps]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    console = create(output="text", verbose=False, environ={}, stdin=None, stdout=stream, stderr=stream)
    console.result("doctor", {}, "  ✓ signed in\n  ✗ role: 所有者\n" + text.changes([steps.site]))
    assert raw.getvalue().decode(encoding).splitlines()[:4] == [
        "  + signed in",
        "  x role: ???",
        "  ~ web app  mlflow-3f9a1c02",
        "      properties.httpsOnly: false -> true",
    ]


def test_the_live_display_works_in_ascii(terminal: Callable[[int, int], Terminal], steps: type[Steps]) -> None:
    screen = terminal(60, 30)
    screen.stream.reconfigure(encoding="ascii")
    screen.console().watch(steps.failed_deploy())
    screen.hang_up()
    assert "  + container registry  mlflow3f9a1~  created           10 s" in screen.lines
    assert "  x web app             mlflow-3f9a~  failed            23 s" in screen.lines


def test_streams_that_were_closed_at_the_start_are_no_error(steps: type[Steps]) -> None:
    console = create(output="json", verbose=True, environ={}, stdin=None, stdout=None, stderr=None)
    console.watch(steps.deploy())
    console.result("deploy", {}, "")
    with pytest.raises(SettingsError):
        console.confirm("Delete?")


def test_a_question_without_a_terminal_names_the_option_that_answers_it(streams: type[Streams]) -> None:
    given = streams()
    with pytest.raises(SettingsError) as caught:
        given.console.confirm("Delete 9 resources?")
    assert caught.value.code == "ConfirmationNeeded"
    assert caught.value.exit_code == 2
    assert "--yes" in caught.value.hint
    assert given.err == ""
