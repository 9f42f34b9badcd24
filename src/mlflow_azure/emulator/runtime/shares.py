"""File shares: a directory each, `<home>/shares/<account>/<share>`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Shares:
    """The file shares of all storage accounts of one home."""

    def __init__(self, home: Path) -> None:
        self._root = home / "shares"

    def ensure(self, account: str, share: str) -> Path:
        """The share's directory, made if it is not there."""
        directory = self._root / account / share
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def remove(self, account: str, share: str | None = None) -> None:
        """Delete one share of the account with its content, or all of them."""
        shutil.rmtree(self._root / account / (share or ""), ignore_errors=True)

    def usage(self, account: str, share: str) -> int:
        """Bytes in the share's files; 0 for a share that does not exist."""
        return sum(path.lstat().st_size for path in (self._root / account / share).rglob("*") if path.is_file())
