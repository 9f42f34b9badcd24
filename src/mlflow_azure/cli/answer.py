"""What a command answers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The answer of a command that did its work: its fields are the JSON `data`, and it knows its text.

    The reference in docs/output.md and the JSON schemas are made from the subclasses, their types and docstrings.
    """

    def data(self) -> object:
        """What `--output json` shows under `data`."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.metadata.get(_IN_DATA, True)}

    def text(self) -> str:
        """What is shown to people; nothing where the command shows it as it comes."""
        return ""


_IN_DATA = "in data"


def only_for_text(**arguments: Any) -> Any:
    """A field that the text is made from, and that is not in the JSON data."""
    return field(metadata={_IN_DATA: False}, **arguments)


def data_fields(answer: type) -> list[str]:
    """The names of the fields that are in the JSON data."""
    return [each.name for each in fields(answer) if each.metadata.get(_IN_DATA, True)]
