"""The emulator's state: one JSON document, replaced atomically, so that it survives a restart and a kill -9.

The previous document is kept too, in case someone, or a disk, damages the newest.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
"""Version of the document. A document without one has version 1."""


class StateError(Exception):
    """The document cannot be read. The text says why; `hint` says how to continue with what is left."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class State:
    """The document, as sections of plain dictionaries. Call `save` after a change.

    Raises:
        StateError: The file is damaged, or from a newer emulator.

    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sections = _read(file)
        self._saved = self._text() if file.exists() else ""

    def section(self, name: str) -> dict[str, Any]:
        """Return the dictionary called `name`, created empty on first use."""
        return self._sections.setdefault(name, {})

    def save(self) -> None:
        """If the document changed, write it to a temporary file, and replace the old one.

        Raises:
            OSError: For example, the disk is full. The previously saved document is unchanged.

        """
        text = self._text()
        if text == self._saved:
            return
        draft = _draft(self._file, text)
        if self._file.exists():
            self._file.replace(previous(self._file))
        draft.replace(self._file)
        self._saved = text

    def _text(self) -> str:
        return json.dumps({"version": VERSION, **self._sections})  # no indent: json's C encoder does not support it


def previous(file: Path) -> Path:
    """Path of the previous document."""
    return file.with_name(file.name + ".previous")


def write_private(file: Path, text: str) -> None:
    """Atomically replace `file` with `text`, readable by its owner only: it may contain keys."""
    _draft(file, text).replace(file)


def _draft(file: Path, text: str) -> Path:
    draft = file.with_name(file.name + ".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return draft


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """Return the sections. A change is lost if a kill came between the two steps of its save."""
    if not file.exists():
        return _sections(previous(file)) if previous(file).exists() else {}
    try:
        return _sections(file)
    except ValueError as error:
        raise StateError(f"{file} is broken ({error})", _way_back(file)) from error


def _sections(file: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - the caller treats it like invalid JSON
    version = document.pop("version", 1)
    if not isinstance(version, int) or version > VERSION:
        raise StateError(
            f"{file} was written by a newer version of mlflow-azure (its format is {version}, this one's {VERSION})",
            "Install that version again (pip install --upgrade mlflow-azure), or keep this one's emulator in another "
            "directory: MLFLOW_AZURE_EMULATOR_HOME=DIRECTORY",
        )
    odd = [name for name, section in document.items() if not isinstance(section, dict)]
    if odd:
        raise ValueError(f"its {odd[0]} is not a JSON object")
    return document


def _way_back(file: Path) -> str:
    kept = previous(file)
    try:
        _sections(kept)
    except (OSError, ValueError, StateError):
        return (
            f"Repair that file, or replace it with a copy. To start over: move {file.parent} away, "
            "and run the command again"
        )
    return f"The state before the last change was kept. To use it: mv {kept} {file}"
