"""Pure helpers for the text of answers. On terminals, the console colours the symbols."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len

from mlflow_azure.console.serial import plain
from mlflow_azure.events import Action, Difference, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_SYMBOLS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "-/+", Action.DELETE: "-"}
_SUMMARY = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.KEEP: "unchanged",
}
_COLUMN = re.compile(r"(?<=\S) {2,}(?=\S)")
_PROGRAM = re.compile(r"[\"'$(]*.*mlflow-azure'?")
_VARIABLE = re.compile(r"[\"'$(]*[A-Z_]+=.*")
_QUOTED = r"""["$(]*(?:[A-Z_]+=)?'[^']*'(?:"'"'[^']*')*"""
"""How `shlex.quote` writes a word with spaces."""
_WORD = re.compile(rf"(?:^|(?<= ))(?:{_QUOTED})?[^ ]*")
_NAME_OF_A_COMMAND = re.compile(r"[a-z-]+\.?")
_LONGEST_NAME = 2  # words
_FOR_A_SHELL = ("eval ", "export ", "set -gx ", "$env:")
_TENTHS_MATTER_BELOW = 10  # seconds
_BYTES_A_UNIT = 1024
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def fields(pairs: Iterable[tuple[str, object]]) -> str:
    """Return lines of `label  value` with aligned values."""
    return "\n".join(_aligned([(label, str(value)) for label, value in pairs]))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows in aligned columns under a header."""
    return "\n".join(_aligned([tuple(header), *(tuple(str(cell) for cell in row) for row in rows)]))


def changes(
    steps: Iterable[Step],
    summary: Callable[[Step], str] | None = None,
    details: Callable[[Step], Sequence[str]] | None = None,
) -> str:
    """Return a plan as text: one line per changed resource, its changes below, and the totals at the end.

    Args:
        steps: The steps of the plan.
        summary: Returns the end of a resource's line.
        details: Returns the lines below it; by default the raw differences.

    """
    steps = tuple(steps)
    counts = Counter(step.action for step in steps)
    changing = [step for step in steps if step.action in _SYMBOLS]
    if not changing:
        return f"Up to date; nothing to change ({_resources(counts[Action.KEEP])})."
    kinds, names = (max(map(width, each)) for each in zip(*((s.kind, s.name) for s in changing), strict=True))
    totals = ", ".join(f"{counts[action]} {words}" for action, words in _SUMMARY.items() if counts[action])
    lines = []
    for step in changing:
        said = summary(step) if summary else ""
        lines.append(f"{_SYMBOLS[step.action]:>3} {pad(step.kind, kinds)}  {pad(step.name, names)}  {said}".rstrip())
        lines += [f"      {each}" for each in (details or _differences)(step)]
    return "\n".join([*lines, "", f"Plan: {totals}."])


def duration(seconds: float) -> str:
    """Return a duration as text: "0.4 s", "42 s", "1 min 05 s", "2 h 03 min". Whole numbers have no fraction."""
    if seconds % 1 and round(seconds, 1) < _TENTHS_MATTER_BELOW:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def files(count: int) -> str:
    """Return a number of files as text: "1 file", "10,000 files"."""
    return f"{count:,} {'file' if count == 1 else 'files'}"


def size(count: int) -> str:
    """Return a number of bytes as text: "142 B", "12.3 MiB"."""
    amount, units = float(count), iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while amount >= _BYTES_A_UNIT and (larger := next(units, None)):
        amount, unit = amount / _BYTES_A_UNIT, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def digest(value: str | None) -> str:
    """Return an image's digest, shortened like Docker's."""
    return (value or "unknown").removeprefix("sha256:")[:12]


def width(text: str) -> int:
    """Return the terminal width of the text: wide characters and emoji take two columns, combining ones none."""
    return cell_len(text)


def pad(text: str, columns: int) -> str:
    """Pad the text with spaces to a number of columns."""
    return text + " " * (columns - width(text))


def clean(text: str) -> str:
    """Remove cursor movements from foreign text; keep the last state of a rewritten line."""
    last = _ESCAPES.sub("", text).rstrip().rpartition("\r")[2]
    return "".join(c for c in last.expandtabs() if unicodedata.category(c) != "Cc")


def wrapped(text: str, columns: int) -> str:
    """Break long lines between words, and indent the rest to the column where the last part began.

    A command stays in one piece so that it can be pasted: if it is too long, the terminal wraps it.
    If a table row is too long, the last cell of each row gets its own line.
    """
    blocks = (_stacked(block.split("\n"), columns) for block in text.split("\n\n"))
    return "\n\n".join("\n".join(_wrapped_line(line, columns) for line in block) for block in blocks)


def apart(text: str) -> str:
    """Break the line after a sentence that ends with a command, and drop its full stop, which would be pasted too."""
    pieces = _pieces(text)
    ending = [_is_command(piece) and piece.endswith(".") for piece in pieces]
    told = (f"{piece[:-1]}\n" if ends else f"{piece} " for piece, ends in zip(pieces, ending, strict=True))
    return "".join(told).rstrip()


def _stacked(lines: Sequence[str], columns: int) -> Sequence[str]:
    """Return the rows of a table of three or more columns that is too wide, with the last cell below each row."""
    starts = [match.end() for match in _COLUMN.finditer(lines[0])]
    is_table = len(starts) > 1 and lines[0].isupper() and all(map(str.isascii, lines))
    if not is_table or max(map(width, lines)) <= columns:
        return lines
    first, last = starts[0], starts[-1]
    cells = ((line[:last].rstrip(), line[last:]) for line in lines)
    return [part for row, cell in cells for part in ([row, " " * first + cell] if cell else [row])]


def _wrapped_line(line: str, columns: int) -> str:
    if width(line) <= columns or line.lstrip().startswith(_FOR_A_SHELL):
        return line
    starts = [match.end() for match in _COLUMN.finditer(line) if match.end() <= columns * 2 // 3]
    begin = starts[-1] if starts else len(line) - len(line.lstrip())
    hang = " " * begin
    lines, current = [], line[:begin]
    for piece in _pieces(line[begin:]):
        if current.strip() and len(current) > len(hang) and width(current) + width(piece) > columns:
            lines.append(current.rstrip())
            current = hang
        current += f"{piece} "
    return "\n".join([*lines, current.rstrip()])


def _pieces(text: str) -> list[str]:
    """Return the words, with each command joined into one: variables, name, options and values."""
    pieces: list[str] = []
    rest = _WORD.findall(text)
    while rest:
        piece = [rest.pop(0)]
        while _VARIABLE.fullmatch(piece[-1]) and rest:
            piece.append(rest.pop(0))
        if _PROGRAM.fullmatch(piece[-1]):
            begun = len(piece)
            while rest and len(piece) < begun + _LONGEST_NAME and _NAME_OF_A_COMMAND.fullmatch(rest[0]):
                piece.append(rest.pop(0))
            while rest and (rest[0].startswith("-") or piece[-1].startswith("-")):
                piece.append(rest.pop(0))
        pieces.append(" ".join(piece))
    return pieces


def _is_command(piece: str) -> bool:
    return any(_PROGRAM.fullmatch(word) for word in _WORD.findall(piece)) and " " in piece


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(pad, row, widths)).rstrip() for row in rows]


def _differences(step: Step) -> list[str]:
    is_new = step.action is Action.CREATE
    return [_difference(each, is_new=is_new) for each in step.differences]


def _difference(difference: Difference, *, is_new: bool) -> str:
    before = "" if is_new else f"{_value(difference.before)} → "
    return f"{difference.path}: {before}{_value(difference.after)}"


def _value(value: object) -> str:
    """Return a value for people: strings unquoted, everything else as JSON."""
    shown = plain(value)
    if isinstance(shown, str) and shown:
        return shown
    if shown is None:
        return "(none)"
    return json.dumps(shown, ensure_ascii=False)


def _resources(count: int) -> str:
    return "1 resource" if count == 1 else f"{count} resources"
