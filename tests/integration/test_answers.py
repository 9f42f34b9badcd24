"""Every document that a command answers with keeps its JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from tests.support.command import Command

pytestmark = pytest.mark.light

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
JSON = ("--cloud", "emulator", "--output", "json")


def check(command: str, document: dict[str, object]) -> None:
    """Fail where the document breaks the schema of the command."""
    schema = json.loads((SCHEMAS / f"{command.replace(' ', '-')}.json").read_text("utf-8"))
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(schema).iter_errors(document)]
    assert faults == []


@pytest.mark.parametrize(
    "line",
    [
        ("plan",),
        ("deploy", "--dry-run"),
        ("deploy",),
        ("status",),
        ("status", "--verbose"),
        ("env",),
        ("env", "--show-secrets"),
        ("doctor",),
        ("cd", "status"),
        ("settings", "show"),
        ("emulator", "status"),
        ("auth", "disable"),
        ("auth", "token"),
    ],
    ids=" ".join,
)
def test_what_a_command_answers_keeps_its_schema(
    shared_cli: Command, deployed: dict[str, Any], line: tuple[str, ...]
) -> None:
    done = shared_cli(*line, *JSON)
    check(done.answer["command"], done.answer)


def test_what_a_failed_command_answers_keeps_its_schema(shared_cli: Command) -> None:
    done = shared_cli("deploy", *JSON, "--rg-location", "atlantis")
    assert done.exit_code != 0
    check("deploy", done.answer)


def test_a_schema_refuses_what_is_not_an_answer() -> None:
    document = {"version": 1, "command": "open", "status": "ok", "data": {"url": 5}, "errors": []}
    with pytest.raises(AssertionError, match="opened"):
        check("open", document)
