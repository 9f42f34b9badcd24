"""Takes the settings out of an existing deploy.sh. The script is read, never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.settings.bash import Expansion, Literal, Reference, Word, assignments
from mlflow_azure.settings.load import Source, Value, broken_rules
from mlflow_azure.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LeftOut:
    """A setting that the script assigns, but that could not be taken, and why."""

    name: str
    place: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What a script says of the settings.

    Attributes:
        values: The settings that were taken, by name, each with its line as the place.
        left_out: The settings that were not.
        unknown: The script's other variables and their lines. Their values are not kept: some are secrets.

    """

    values: Mapping[str, Value]
    left_out: tuple[LeftOut, ...]
    unknown: Mapping[str, str]


@dataclass(frozen=True)
class _Unresolved:
    reason: str


def read_script(script: str, shown_as: str) -> Imported:
    """Reads the variables of a bash script. The last assignment of a variable counts.

    Args:
        script: The text of the script.
        shown_as: Its name for the places: "deploy.sh, line 12".

    """
    known: dict[str, str | _Unresolved] = {}
    places: dict[str, str] = {}
    for word in assignments(script):
        name = word.name or ""
        known[name] = _resolved(word, known)
        places[name] = f"{shown_as}, line {word.line}"
    values = {
        name: Value(text, Source.FILE, places[name])
        for name, text in known.items()
        if name in SETTINGS and isinstance(text, str) and text
    }
    broken = broken_rules(values)
    reasons = {name: text.reason for name, text in known.items() if isinstance(text, _Unresolved)}
    reasons |= {name: "its value is empty" for name, text in known.items() if text == ""}
    reasons |= {name: f"{SETTINGS[name].quoted(values[name].text)} {words}" for name, words in broken.items()}
    return Imported(
        values={name: value for name, value in values.items() if name not in broken},
        left_out=tuple(LeftOut(name, places[name], reasons[name]) for name in SETTINGS if name in reasons),
        unknown={name: place for name, place in places.items() if name not in SETTINGS},
    )


def _resolved(word: Word, known: Mapping[str, str | _Unresolved]) -> str | _Unresolved:
    """The text of a word, with variables that were assigned before it; else the reason why it has none."""
    texts = []
    for part in word.parts:
        match part:
            case Literal(text):
                texts.append(text)
            case Expansion(what):
                return _Unresolved(f"its value is {what}")
            case Reference("RANDOM"):
                return _Unresolved("$RANDOM differs on every run")
            case Reference(name):
                value = known.get(name)
                if not isinstance(value, str):
                    return _Unresolved(f"${name} is known only to the running script")
                texts.append(value)
    return "".join(texts)
