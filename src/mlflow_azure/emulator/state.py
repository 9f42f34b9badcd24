"""What the emulator remembers: one JSON document, replaced atomically, so that it survives a restart and a kill -9."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class State:
    """The document, as sections that are plain dictionaries. Call `save` after a change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._saved = file.read_text(encoding="utf-8") if file.exists() else "{}"
        self._sections: dict[str, dict[str, Any]] = json.loads(self._saved)

    def section(self, name: str) -> dict[str, Any]:
        """The dictionary called `name`, created empty on first use."""
        return self._sections.setdefault(name, {})

    def save(self) -> None:
        """Write the document, where it changed, to a file beside the old one, and put it in its place in one step."""
        text = json.dumps(self._sections, indent=1)
        if text == self._saved:
            return
        write_private(self._file, text)
        self._saved = text


def write_private(file: Path, text: str) -> None:
    """Replace `file` by `text` in one step, readable by its owner only: it may hold keys."""
    draft = file.with_name(file.name + ".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
