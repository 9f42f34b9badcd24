"""The settings file: NAME=value lines in dotenv syntax, without interpolation."""

from __future__ import annotations

import difflib
import errno
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

from mlflow_azure.errors import SettingsError
from mlflow_azure.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_FILE = "mlflow-azure.env"
LARGEST = 1024 * 1024
"""Maximum number of characters to read from a file; a device such as /dev/zero has no end."""


@dataclass(frozen=True)
class Entry:
    """One assignment and its place: "mlflow-azure.env, line 3"."""

    name: str
    text: str
    place: str


def whole_text(path: Path) -> str:
    """Return the contents of a text file. Raises UnicodeDecodeError or OSError, also if it exceeds `LARGEST`."""
    with path.open(encoding="utf-8-sig") as stream:
        text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return text


def read(path: Path, shown_as: str) -> Iterator[Entry | SettingsError]:
    """Yield each assignment in the file, and each error in its place."""
    try:
        text = whole_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        yield SettingsError(
            f"reading the settings file {shown_as}: {reason}",
            hint="Name another with --settings FILE, or write a new one: mlflow-azure settings init",
            code="SettingsFile",
        )
        return
    for binding in parse_stream(io.StringIO(text)):
        place = f"{shown_as}, line {_line(binding.original.string, binding.original.line)}"
        if binding.error:
            # The line itself is not shown: it may contain a misplaced secret, such as a password.
            yield SettingsError(f"{place}: not NAME=value", hint="Correct or remove the line.", code="SettingsFile")
        elif binding.key is not None and binding.key not in SETTINGS:
            yield _unknown(binding.key, place)
        elif binding.key is not None:
            yield Entry(binding.key, binding.value or "", place)


def _line(statement: str, first: int) -> int:
    """Return the line of the assignment: the parser counts blank lines before a statement as part of it."""
    return first + statement[: len(statement) - len(statement.lstrip())].count("\n")


def _unknown(name: str, place: str) -> SettingsError:
    near = difflib.get_close_matches(name.upper(), SETTINGS, n=1)
    hint = f"Did you mean {near[0]}?" if near else "List the settings: mlflow-azure settings show"
    return SettingsError(f"{name} (from {place}): there is no such setting", hint=hint, code="UnknownSetting")
