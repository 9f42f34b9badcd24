"""Imports the settings of an existing deploy.sh. The script is parsed, never run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.settings.bash import FOR_ONE_COMMAND, Assignment, assignments, sourced
from mlflow_azure.settings.bash_words import Expansion, Fallback, Literal, Reference
from mlflow_azure.settings.load import Source, Value, broken_rules, with_defaults
from mlflow_azure.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"<.*>|\{\{.*\}\}|\[.*\]|your[-_ ].*|x{3,}[x-]*|change[-_ ]?me|todo|\.\.\.", re.IGNORECASE)
_NOT_READ = "the script sources this file; what it sets was not imported"


@dataclass(frozen=True)
class LeftOut:
    """Something not imported: `name` of a setting, or of a file that the script sources; its `place` and `reason`."""

    name: str
    place: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """The settings found in a script.

    Attributes:
        values: The imported settings, by name, each with its line as the place.
        left_out: The settings that were not imported, and the files that may contain more.
        unknown: The script's other variables and their lines. Their values are not kept: some are secrets.

    """

    values: Mapping[str, Value]
    left_out: tuple[LeftOut, ...]
    unknown: Mapping[str, str]


@dataclass(frozen=True)
class _Unresolved:
    reason: str


def read_script(script: str, shown_as: str) -> Imported:
    """Read the variables of a bash script. The last assignment of a variable counts.

    Args:
        script: The text of the script.
        shown_as: Its name for the places: "deploy.sh, line 12".

    """
    script = script.removeprefix("\ufeff")
    known: dict[str, str | _Unresolved] = {}
    places: dict[str, str] = {}
    for each in assignments(script):
        if _assigns_nothing(each) and (each.name not in SETTINGS or _keeps(each, known)):
            continue
        value, before = _resolved(each, known), known.get(each.name)
        if each.conditional and before is not None and before != value:
            value = _Unresolved(f"it depends on a condition: {places[each.name]} gives it another value")
        known[each.name] = value
        places[each.name] = f"{shown_as}, line {each.line}"
    values, reasons = _sound(known, places)
    files = [LeftOut(file, f"{shown_as}, line {line}", _NOT_READ) for file, line in sourced(script)]
    return Imported(
        values=values,
        left_out=(*(LeftOut(name, places[name], reasons[name]) for name in SETTINGS if name in reasons), *files),
        unknown={name: place for name, place in places.items() if name not in SETTINGS},
    )


def _assigns_nothing(assignment: Assignment) -> bool:
    """Whether it only looks like an assignment, so that there is only a reason and no value."""
    return any(isinstance(part, Expansion) and part.what.startswith("not ") for part in assignment.parts)


def _keeps(assignment: Assignment, known: Mapping[str, str | _Unresolved]) -> bool:
    """Whether the variable keeps its value, since the new one is for another command only."""
    return assignment.parts == (Expansion(FOR_ONE_COMMAND),) and assignment.name in known


def _sound(
    known: Mapping[str, str | _Unresolved], places: Mapping[str, str]
) -> tuple[dict[str, Value], dict[str, str]]:
    """Return the values that a settings file can contain, and for each other setting the reason why it cannot."""
    values: dict[str, Value] = {}
    reasons: dict[str, str] = {}
    for name, text in known.items():
        if name not in SETTINGS:
            continue
        if reason := _unfit(name, text):
            reasons[name] = reason
        else:
            values[name] = Value(str(text), Source.FILE, places[name])
    # A setting left out gets its default, which may not fit another value.
    while broken := broken_rules(with_defaults(values)):
        name, words = next(iter(broken.items()))
        if value := values.pop(name, None):
            reasons[name] = f"{SETTINGS[name].quoted(value.text)} {words}"
            continue
        misfit = _misfit(name, values)
        values.pop(misfit)
        reasons[misfit] = f"it does not fit the default of {name}, which {words}"
    return values, reasons


def _misfit(name: str, values: dict[str, Value]) -> str:
    """Return the setting without whose value the default of another one fits."""
    for each in reversed(values):
        if name not in broken_rules(with_defaults({key: value for key, value in values.items() if key != each})):
            return each
    return next(reversed(values))


def _unfit(name: str, text: str | _Unresolved) -> str | None:
    """Return why a settings file cannot contain this value, apart from its rule."""
    if isinstance(text, _Unresolved):
        return text.reason
    if not text:
        return "its value is empty"
    if _PLACEHOLDER.fullmatch(text):
        return f"{SETTINGS[name].quoted(text)} is a placeholder; put your own value in its place"
    return "it is a secret; set it in the environment instead" if SETTINGS[name].secret else None


def _resolved(assignment: Assignment, known: Mapping[str, str | _Unresolved]) -> str | _Unresolved:
    """Return the text that a variable is set to, using variables assigned before it, or why it is unknown."""
    texts = []
    for part in assignment.parts:
        match part:
            case Literal(text):
                texts.append(text)
            case Expansion(what):
                return _Unresolved(what if what.startswith("not ") else f"its value is {what}")
            case Fallback(name, text) if name == assignment.name or name in known:
                other = known.get(name) or text
                if not isinstance(other, str):
                    return other
                texts.append(other)
            case Fallback(name, text):
                return _Unresolved(f"${name} is known only at run time")
            case Reference("RANDOM"):
                return _Unresolved("$RANDOM differs on every run")
            case Reference(name):
                value = known.get(name)
                if not isinstance(value, str):
                    return _Unresolved(f"${name} is known only at run time")
                texts.append(value)
    return "".join(texts)
