"""The commands that the documentation shows."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = re.compile(r"^```(console|sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^\s*(?:- run: )?((?:mlflow-azure|jq) .+)$", re.MULTILINE)
_CALL = re.compile(r"(?:^|\$\(|\s)(mlflow-azure [a-z][^)|>#\n]*)", re.MULTILINE)


def commands(page: Path) -> list[str]:
    """What a page says to type: a line after `$` in a console block, a whole block of sh, the steps of a pipeline."""
    return [command for kind, text in _BLOCK.findall(page.read_text("utf-8")) for command in _of(kind, text)]


def _of(kind: str, text: str) -> Iterator[str]:
    if kind == "console":
        lines = re.findall(r"^\$ (.+(?:\n {4}.+)*)", text, re.MULTILINE)  # what goes on is indented
        yield from lines
    elif kind == "sh":
        yield text.strip()
    else:
        yield from _STEP.findall(text)


def calls(command: str) -> list[list[str]]:
    """The arguments of each call of mlflow-azure in a command."""
    return [shlex.split(call)[1:] for call in _CALL.findall(command)]
