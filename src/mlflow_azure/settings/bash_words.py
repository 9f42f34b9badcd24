"""Splits a bash script into commands and words, as far as possible without running it.

This parses as much of bash's grammar as needed to tell assignments from look-alikes: quotes, comments, line
continuation and here-documents. Anything that bash would compute stays an `Expansion`.
Grammar: https://www.gnu.org/software/bash/manual/bash.html#Shell-Syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK = re.compile(r"(?:[ \t]|\\\n)+|#[^\n]*")
_HEREDOC = re.compile(r"<<(?P<tabs>-?)(?!<)[ \t]*\\?(?P<quote>['\"]?)(?P<end>[\w.-]+)(?P=quote)")
_SEPARATOR = re.compile(r"<<<|&&|\|\||[\n;&|()<>]")
_NAME = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<append>\+?)=", re.ASCII)
_PLAIN = re.compile(r"[^ \t\n;&|()<>'\"`$\\]+")
_PLACEHOLDER = re.compile(r"<[\w .:-]+>")
_REFERENCE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
_FALLBACK = re.compile(
    r"\$\{(?P<name>[A-Za-z_]\w*):?(?P<kind>[=-])(?P<quote>\"?)(?P<text>[^{}$`\"'\\]*)(?P=quote)\}", re.ASCII
)
_ASSIGNING = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*):?=", re.ASCII)
_ANSI_QUOTED = re.compile(r"\$'(?:\\.|[^'\\])*'?", re.DOTALL)
_SPECIAL = re.compile(r"\$[0-9@*#?$!-]")
_END_OF_WORD = frozenset(" \t\n;&|()<>")


@dataclass(frozen=True)
class Literal:
    """Literal text."""

    text: str


@dataclass(frozen=True)
class Reference:
    """The value of a variable: $NAME or ${NAME}."""

    name: str


@dataclass(frozen=True)
class Expansion:
    """A description of something known only at run time; `assigns` is the variable it sets along the way."""

    what: str
    assigns: str | None = None


@dataclass(frozen=True)
class Fallback:
    """The value of a variable, or a text if it has none: ${NAME:-text}; ${NAME:=text} also sets it."""

    name: str
    text: str
    sets: bool

    @property
    def assigns(self) -> str | None:
        """The variable that it sets along the way."""
        return self.name if self.sets else None


Part = Literal | Reference | Expansion | Fallback


@dataclass(frozen=True)
class Word:
    """One word of a command, split into parts by kind; `name` if it begins with NAME=."""

    line: int
    name: str | None
    parts: tuple[Part, ...]

    @property
    def keyword(self) -> str | None:
        """The word, if it consists of plain characters only."""
        match self:
            case Word(name=None, parts=(Literal(text),)):
                return text
        return None


def commands(script: str) -> Iterator[tuple[bool, list[Word]]]:
    """Yield each simple command of a script, in order, and whether it follows && or ||."""
    return _Scanner(script.replace("\r\n", "\n")).commands()


def _variable(match: re.Match[str]) -> Part:
    """Return the part for $NAME, ${NAME} or ${NAME:-text}."""
    groups = match.groupdict()
    if groups:
        return Fallback(groups["name"], groups["text"], sets=groups["kind"] == "=")
    return Reference(match[1] or match[2])


class _Scanner:
    """Splits a script into simple commands. Unclosed quotes end with the script."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._heredocs: list[re.Match[str]] = []

    def commands(self) -> Iterator[tuple[bool, list[Word]]]:
        """Yield each simple command, and whether it follows && or ||."""
        words: list[Word] = []
        chained = False
        while self._next:
            if self._take(_BLANK):
                continue
            if self._text.startswith("((", self._at):
                self._skip_nested("(", ")")
            elif heredoc := self._take(_HEREDOC):
                self._heredocs.append(heredoc)
            elif separator := self._take(_SEPARATOR):
                if words:
                    yield chained, words
                    chained = separator[0] in ("&&", "||")
                words = []
                if separator[0] == "\n":
                    self._skip_heredocs()
            else:
                words.append(self._word())
        if words:
            yield chained, words

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _skip_heredocs(self) -> None:
        for heredoc in self._heredocs:
            indent = "\t*" if heredoc["tabs"] else ""
            end = re.compile(rf"^{indent}{re.escape(heredoc['end'])}$", re.MULTILINE)
            found = end.search(self._text, self._at)
            self._at = found.end() if found else len(self._text)
        self._heredocs.clear()

    def _word(self) -> Word:
        line = self._text.count("\n", 0, self._at) + 1
        name = self._take(_NAME)
        parts: list[Part] = [Expansion("appended to its previous value")] if name and name["append"] else []
        if name and self._next == "(":
            self._skip_nested("(", ")")
            parts.append(Expansion("an array"))
        if name and (placeholder := self._take(_PLACEHOLDER)):  # a placeholder, not a redirection
            parts.append(Literal(placeholder[0]))
        while self._next and self._next not in _END_OF_WORD:
            parts.extend(self._piece())
        return Word(line, name["name"] if name else None, tuple(parts))

    def _piece(self) -> Iterator[Part]:
        """Return the parts of a run of characters with the same quoting."""
        if plain := self._take(_PLAIN):
            yield Literal(plain[0])
        elif self._next == "'":
            yield Literal(self._until("'"))
        elif self._next == '"':
            yield from self._double_quoted()
        elif self._next == "\\":
            yield Literal(self._escaped())
        elif self._take(_ANSI_QUOTED):
            yield Expansion("a $'...' string")
        else:
            yield self._expansion()

    def _until(self, quote: str) -> str:
        """Consume a quoted string, and return the text between the quotes."""
        start = self._at + 1
        end = self._text.find(quote, start)
        end = len(self._text) if end < 0 else end
        self._at = end + 1
        return self._text[start:end]

    def _escaped(self) -> str:
        """Return the character after a backslash; empty at the end of a line."""
        char = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        return "" if char == "\n" else char

    def _double_quoted(self) -> Iterator[Part]:
        self._at += 1
        while self._next and self._next != '"':
            if self._next in "$`":
                yield self._expansion()
            elif self._next == "\\" and self._text[self._at + 1 : self._at + 2] in '$`"\\\n':
                yield Literal(self._escaped())
            else:
                yield Literal(self._next)
                self._at += 1
        self._at += 1

    def _expansion(self) -> Part:
        if known := self._take(_REFERENCE) or self._take(_FALLBACK):
            return _variable(known)
        if special := self._take(_SPECIAL):
            return Expansion(f"the shell's {special[0]}")
        assigning = _ASSIGNING.match(self._text, self._at)
        if self._next == "`":
            self._until("`")
            return Expansion("the output of a command, `...`")
        self._at += 1
        if self._next == "(":
            arithmetic = self._text.startswith("((", self._at)
            self._skip_nested("(", ")")
            return Expansion("arithmetic, $((...))" if arithmetic else "the output of a command, $(...)")
        if self._next == "{":
            self._skip_nested("{", "}")
            return Expansion("a shell expansion, ${...}", assigning["name"] if assigning else None)
        return Literal("$")

    def _skip_nested(self, opening: str, closing: str) -> None:
        """Move past the bracket that closes the next one."""
        depth = 0
        while char := self._next:
            if char == "'":
                self._until("'")
            elif char == '"':
                list(self._double_quoted())
            elif char == "\\":
                self._escaped()
            else:
                self._at += 1
                depth += (char == opening) - (char == closing)
            if depth == 0:
                return
