"""Finds the variables that a bash script assigns, without running it.

`NAME=value command` assigns nothing, and a command in a branch or a loop perhaps; how words are told: bash_words.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.settings.bash_words import Expansion, Fallback, Literal, Part, Word, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DECLARING = frozenset({"declare", "export", "readonly", "typeset"})
_OPENING = frozenset({"!", "do", "else", "then", "{"})
_NESTING = {"if": 1, "case": 1, "while": 1, "until": 1, "for": 1, "select": 1, "fi": -1, "esac": -1, "done": -1}
_READ_OPTION = re.compile(r"-[a-zA-Z]*[dinNptu]")  # whose argument is the next word


@dataclass(frozen=True)
class Assignment:
    """What a variable of the script is set to. `conditional`: in a branch, in a loop, behind && or ||."""

    name: str
    line: int
    parts: tuple[Part, ...]
    conditional: bool


def assignments(script: str) -> Iterator[Assignment]:
    """Everything that sets a variable of the script, in order; also what only a running shell could carry out."""
    depth = 0
    for chained, command in commands(script):
        words = command
        while words and (words[0].keyword in _OPENING or words[0].keyword in _NESTING):
            depth = max(0, depth + _NESTING.get(words[0].keyword or "", 0))
            if words[0].keyword in ("for", "select"):
                words = [Word(words[0].line, None, (Literal("for"),)), *words[1:2]]
                break
            words = words[1:]
        for name, line, parts in _set_by(words):
            yield Assignment(name, line, parts, conditional=chained or depth > 0)


def _set_by(words: list[Word]) -> Iterator[tuple[str, int, tuple[Part, ...]]]:
    """The variables that a command sets, each with its line and what it is set to."""
    if not words:
        return
    plain = all(word.name for word in words)
    for word in words:
        for part in word.parts:
            if isinstance(part, Expansion | Fallback) and part.assigns and part.assigns != word.name:
                yield part.assigns, word.line, (part,)
        if word.name and (plain or words[0].keyword in _DECLARING):
            yield word.name, word.line, word.parts
        elif word.name and words[0].keyword == "local":
            yield word.name, word.line, (Expansion("local to a function"),)
    yield from ((word.keyword or "", word.line, (Expansion(what),)) for word, what in _set_while_running(words))


def _set_while_running(words: list[Word]) -> Iterator[tuple[Word, str]]:
    """The words that name a variable which gets its value only when the script runs, and from where."""
    command, arguments = words[0].keyword, words[1:]
    if command == "read":
        takes_next = [False, *(bool(_READ_OPTION.fullmatch(word.keyword or "")) for word in arguments)]
        named = [word for word, is_taken in zip(arguments, takes_next, strict=False) if not is_taken]
        yield from ((word, "read from the person who runs the script") for word in named if _is_name(word))
    elif command == "for":
        yield from ((word, "different on each pass of a loop") for word in arguments if _is_name(word))
    elif command == "printf" and len(arguments) > 1 and arguments[0].keyword == "-v":
        yield arguments[1], "the output of printf"
    elif arguments and _is_name(words[0]) and _begins_with_equals(arguments[0]):
        yield words[0], "not assigned: bash allows no space around the ="


def _is_name(word: Word) -> bool:
    return _IDENTIFIER.fullmatch(word.keyword or "") is not None


def _begins_with_equals(word: Word) -> bool:
    first = word.parts[0] if word.parts else None
    return word.name is None and isinstance(first, Literal) and first.text.startswith("=") and first.text[1:2] != "="
