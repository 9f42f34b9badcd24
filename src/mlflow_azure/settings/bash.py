"""Finds the variables that a bash script assigns, without running it.

`NAME=value command` assigns nothing, and a command in a branch or loop may not run. bash_words.py splits the words.
What assigns nothing is reported with a reason that begins with "not".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from mlflow_azure.settings.bash_words import Expansion, Fallback, Literal, Part, Word, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DECLARING = frozenset({"declare", "export", "readonly", "typeset"})
_OPENING = frozenset({"!", "do", "else", "then", "{"})
_NESTING = {"if": 1, "case": 1, "while": 1, "until": 1, "for": 1, "select": 1, "fi": -1, "esac": -1, "done": -1}
_READ_OPTION = re.compile(r"-[a-zA-Z]*[dinNptu]")  # options whose argument is the next word
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\[[^]]*\]\+?=", re.ASCII)
FOR_ONE_COMMAND = "not assigned: it is set for one command only"
_NO_SPACE = "not assigned: bash allows no space around the ="
_SET_OTHERWISE = {
    "local": "local to a function",
    "let": "arithmetic",
    "eval": "set by eval",
    "env": FOR_ONE_COMMAND,
    "set": "not assigned: bash's set assigns no variable",
}
"""The meaning of NAME=value after these commands."""


@dataclass(frozen=True)
class Assignment:
    """The value that a variable of the script is set to. `conditional`: in a branch, a loop, or after && or ||."""

    name: str
    line: int
    parts: tuple[Part, ...]
    conditional: bool


def assignments(script: str) -> Iterator[Assignment]:
    """Return everything that sets a variable of the script, in order, even if its value is known only at run time."""
    for conditional, words in _simple(script):
        for name, line, parts in _set_by(words):
            yield Assignment(name, line, parts, conditional)


def sourced(script: str) -> Iterator[tuple[str, int]]:
    """Return the files that the script sources, each with its line; "…" for parts known only at run time."""
    for _, words in _simple(script):
        if len(words) > 1 and words[0].keyword in ("source", "."):
            file = "".join(part.text if isinstance(part, Literal) else "…" for part in words[1].parts)
            yield file, words[0].line


def _simple(script: str) -> Iterator[tuple[bool, list[Word]]]:
    """Yield each simple command, without keywords of branches, loops or functions, and whether it is conditional."""
    depth = 0
    for chained, command in commands(script):
        words = command
        while words and (words[0].keyword in _OPENING or words[0].keyword in _NESTING):
            depth = max(0, depth + _NESTING.get(words[0].keyword or "", 0))
            if words[0].keyword in ("for", "select"):
                words = [Word(words[0].line, None, (Literal("for"),)), *words[1:2]]
                break
            words = words[1:]
        if words and words[0].keyword == "function" and words[2:3] and words[2].keyword == "{":
            words = words[3:]
        yield chained or depth > 0, words


def _set_by(words: list[Word]) -> Iterator[tuple[str, int, tuple[Part, ...]]]:
    """Return the variables that a command sets, each with its line and value."""
    for word in words:
        for part in word.parts:
            if isinstance(part, Expansion | Fallback) and part.assigns and part.assigns != word.name:
                yield part.assigns, word.line, (part,)
    before = list(takewhile(lambda word: word.name, words))
    command = words[len(before) :]
    for word in before:
        what = Expansion(FOR_ONE_COMMAND if word.parts else _NO_SPACE)
        yield word.name or "", word.line, (what,) if command else word.parts
    if not command:
        return
    for word in command:
        if word.name and command[0].keyword in _DECLARING:
            yield word.name, word.line, word.parts
        elif word.name and (otherwise := _SET_OTHERWISE.get(command[0].keyword or "")):
            yield word.name, word.line, (Expansion(otherwise),)
    yield from ((name, command[0].line, (Expansion(what),)) for name, what in _set_while_running(command))


def _set_while_running(words: list[Word]) -> Iterator[tuple[str, str]]:
    """Return the variables that get or lose their value at run time, and how."""
    command, arguments = words[0].keyword, words[1:]
    names = [word.keyword for word in arguments if word.keyword and _IDENTIFIER.fullmatch(word.keyword)]
    if command == "read":
        takes_next = [False, *(bool(_READ_OPTION.fullmatch(word.keyword or "")) for word in arguments)]
        named = [word.keyword for word, is_taken in zip(arguments, takes_next, strict=False) if not is_taken]
        yield from ((name, "read while the script runs") for name in named if name in names)
    elif command in ("mapfile", "readarray"):
        yield from ((name, "an array") for name in names)
    elif command == "for":
        yield from ((name, "different in each pass of a loop") for name in names)
    elif command == "unset":
        yield from ((name, "not set: the script unsets it") for name in names)
    elif command == "printf" and names and arguments[0].keyword == "-v":
        yield names[0], "the output of printf"
    elif arguments and command and _IDENTIFIER.fullmatch(command) and _begins_with_equals(arguments[0]):
        yield command, _NO_SPACE
    elif element := _ELEMENT.match(_beginning(words[0])):
        yield element[1], "an array"


def _begins_with_equals(word: Word) -> bool:
    text = _beginning(word)
    return word.name is None and re.match(r"[:?+]?=(?!=)", text) is not None


def _beginning(word: Word) -> str:
    """Return the literal text at the start of a word."""
    first = word.parts[0] if word.parts else None
    return first.text if isinstance(first, Literal) else ""
