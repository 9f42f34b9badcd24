"""The answer of a command."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The answer of a successful command: its fields are the JSON `data`, and `text` is for people.

    The reference in docs/output.md and the JSON schemas are generated from the subclasses' types and docstrings.
    """

    def data(self) -> object:
        """What `--output json` shows under `data`."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.metadata.get(_IN_DATA, True)}

    def text(self) -> str:
        """The text for people; empty if the command streams its output."""
        return ""


_IN_DATA = "in data"


def only_for_text(**arguments: Any) -> Any:
    """A field that is used for the text only, not for the JSON data."""
    return field(metadata={_IN_DATA: False}, **arguments)


def data_fields(answer: type) -> list[str]:
    """The names of the fields that are in the JSON data."""
    return [each.name for each in fields(answer) if each.metadata.get(_IN_DATA, True)]
