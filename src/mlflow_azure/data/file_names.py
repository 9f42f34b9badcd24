"""Paths for Azure's file names that work on any file system.

A blob's name can be anything: "..", "a//b", "a" beside "a/b", "A" beside "a", 1,024 characters. A name that some file
system would refuse, or confuse with another, is stored under its SHA-256 instead.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
import unicodedata
from typing import TYPE_CHECKING

from mlflow_azure.data.scratch import Scratch, key

if TYPE_CHECKING:
    from collections.abc import Callable

ODD = "odd-names"
_LONGEST_SEGMENT, _LONGEST = 200, 800  # bytes; file systems allow 255, and the directory before it has some
_LONGEST_SEGMENT_ON_LINUX, _LONGEST_ON_LINUX = 255, 2000  # of 4,096
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*\ud800-\udfff]')
_IMPOSSIBLE = re.compile(r"[\x00\ud800-\udfff]")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


class Places:
    """Distinct relative paths for names. Thread-safe.

    Args:
        anywhere: Whether they must work on any file system, or only on this machine's.

    """

    def __init__(self, *, anywhere: bool = True) -> None:
        anywhere = anywhere or sys.platform != "linux"
        self._is_plain: Callable[[str], bool] = _is_plain if anywhere else _is_path
        self._folded: Callable[[str], str] = _folded if anywhere else str
        self._lock = threading.Lock()
        self._scratch = Scratch(
            "CREATE TABLE kept (name BLOB PRIMARY KEY, path TEXT) WITHOUT ROWID",
            "CREATE TABLE taken (key BLOB PRIMARY KEY, file BLOB) WITHOUT ROWID",  # a directory has no file
        )
        self._above: list[bytes] = []

    def keep(self, folder: str, name: str, path: str) -> None:
        """Keep a file at its path, regardless of the order this time."""
        with self._lock:
            self._scratch.do("INSERT OR REPLACE INTO kept VALUES (?, ?)", key(f"{folder}/{name}"), path)
            self._take(path)

    def of(self, folder: str, name: str) -> str:
        """Return the path for a file; the same for every call with the same name."""
        with self._lock:
            path = f"{folder}/{name}"
            if kept := self._scratch.one("SELECT path FROM kept WHERE name = ?", key(path)):
                return str(kept[0])
            if not self._is_plain(name) or not self._take(path):
                path = f"{folder}/{ODD}/{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
            return path

    def _take(self, path: str) -> bool:
        folded = self._folded(path)
        above = [key(folded[:place]) for place, character in enumerate(folded) if character == "/"]
        if taken := self._scratch.one("SELECT file FROM taken WHERE key = ?", key(folded)):
            return bool(taken[0] == key(path))
        if above != self._above:  # of files of one directory, only the first has to look
            if any(self._scratch.one("SELECT 1 FROM taken WHERE key = ? AND file NOTNULL", each) for each in above):
                return False
            self._scratch.fill("INSERT OR IGNORE INTO taken VALUES (?, NULL)", ((each,) for each in above))
            self._above = above
        self._scratch.do("INSERT INTO taken VALUES (?, ?)", key(folded), key(path))
        return True


def _folded(path: str) -> str:
    """Return the same key for names that a file system may confuse."""
    return unicodedata.normalize("NFC", path).casefold()


def _is_plain(name: str) -> bool:
    segments = name.split("/")
    return (
        segments[0] != ODD
        and len(name.encode("utf-8", "surrogatepass")) <= _LONGEST
        and not _FORBIDDEN.search(name)
        and all(map(_is_plain_segment, segments))
    )


def _is_path(name: str) -> bool:
    """Whether Linux allows it."""
    segments = name.split("/")
    return (
        segments[0] != ODD
        and not _IMPOSSIBLE.search(name)
        and len(name.encode()) <= _LONGEST_ON_LINUX
        and all(each not in ("", ".", "..") and len(each.encode()) <= _LONGEST_SEGMENT_ON_LINUX for each in segments)
    )


def _is_plain_segment(segment: str) -> bool:
    return (
        bool(segment)
        and segment == segment.rstrip(". ")
        and len(segment.encode()) <= _LONGEST_SEGMENT
        and not _RESERVED.fullmatch(segment)
    )
