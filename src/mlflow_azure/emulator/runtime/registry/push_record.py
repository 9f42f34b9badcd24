"""The push times of a registry's tags and manifests, which the distribution protocol does not provide."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PushRecord:
    """The first and last push times, in one file, by repository, then by tag or digest."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, dict[str, list[str]]] = json.loads(file.read_text()) if file.exists() else {}

    def note(self, repository: str, *references: str) -> None:
        """Record that these tags and digests were pushed."""
        now = _now()
        for reference in references:
            self._of(repository).setdefault(reference, [now, now])[1] = now
        self._keep()

    def times(self, repository: str, reference: str) -> tuple[str, str]:
        """Return the first and last push times; the current time if not recorded."""
        if reference not in self._of(repository):
            self.note(repository, reference)
        first, last = self._of(repository)[reference]
        return first, last

    def digests(self, repository: str) -> set[str]:
        """Return the pushed manifests, whether or not they still exist."""
        return {reference for reference in self._known.get(repository, {}) if ":" in reference}

    def forget(self, repository: str, reference: str | None = None) -> None:
        """Remove the record of a tag or digest, or of the whole repository."""
        if reference is None:
            self._known.pop(repository, None)
        else:
            self._of(repository).pop(reference, None)
        self._keep()

    def _of(self, repository: str) -> dict[str, list[str]]:
        return self._known.setdefault(repository, {})

    def _keep(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self._known))
        draft.replace(self._file)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")
