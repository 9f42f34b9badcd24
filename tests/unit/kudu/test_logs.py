from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlflow_azure.errors import SettingsError
from mlflow_azure.kudu.logs import Line, parse, since

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
LATER = NOON.replace(microsecond=123456)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2024-05-17T12:00:00.1234567Z Booting worker", Line(LATER, "container", "Booting worker")),
        ("2024-05-17T12:00:00.123456789Z: [INFO]  hello", Line(LATER, "container", "[INFO]  hello")),
        ("2024-05-17 12:00:00.123456 INFO  - Pulling image", Line(LATER, "platform", "INFO  - Pulling image")),
        ("2024-05-17T12:00:00Z ERROR - Failed", Line(NOON, "platform", "ERROR - Failed")),
        ("2024-05-17T12:00:00Z   indented", Line(NOON, "container", "  indented")),
        ("  File app.py, line 3", Line(None, "container", "  File app.py, line 3")),
    ],
)
def test_a_line_is_taken_apart_in_each_form_that_app_service_has_used(text: str, line: Line) -> None:
    assert parse(text) == line


def test_a_key_in_the_log_is_not_shown() -> None:
    assert "c2VjcmV0" not in str(parse("2024-05-17T12:00:00Z -e X=AccountName=a;AccountKey=c2VjcmV0;"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90s", NOON - timedelta(seconds=90)),
        ("15m", NOON - timedelta(minutes=15)),
        ("2h", NOON - timedelta(hours=2)),
        ("1d", NOON - timedelta(days=1)),
        ("2024-05-17T09:30", datetime(2024, 5, 17, 9, 30, tzinfo=UTC)),
        ("2024-05-17T09:30+02:00", datetime(2024, 5, 17, 7, 30, tzinfo=UTC)),
    ],
)
def test_since_is_an_age_or_a_time(text: str, found: datetime) -> None:
    assert since(text, NOON) == found


@pytest.mark.parametrize("text", ["", "m", "15 minutes", "-5m", "noon"])
def test_since_refuses_what_is_neither(text: str) -> None:
    with pytest.raises(SettingsError):
        since(text, NOON)
