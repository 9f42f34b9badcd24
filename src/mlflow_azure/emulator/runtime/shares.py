"""File shares: a directory each, `<home>/shares/<account>/<share>`, and copies of it as its snapshots."""

from __future__ import annotations

import json
import os
import shutil
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a share: its time, which is its name, "2026-11-24T21:00:00.0000000Z", and its metadata."""

    time: str
    metadata: Mapping[str, str]


class Shares:
    """The file shares of all storage accounts of one home."""

    def __init__(self, home: Path) -> None:
        self._root = home / "shares"
        self._snapshots = home / "share-snapshots"

    def ensure(self, account: str, share: str) -> Path:
        """Return the share's directory, created if necessary."""
        directory = self._root / account / share
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def remove(self, account: str, share: str | None = None) -> None:
        """Delete one or all shares of the account with their contents."""
        for root in (self._root, self._snapshots):
            shutil.rmtree(root / account / (share or ""), ignore_errors=True)

    def of(self, account: str) -> list[str]:
        """The names of the account's shares."""
        directory = self._root / account
        return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []

    def directory(self, account: str, share: str, snapshot: str | None = None) -> Path | None:
        """Return the directory of a share or of its snapshot; None if it does not exist."""
        known = share in self.of(account) if snapshot is None else snapshot in self._times(account, share)
        if not known:
            return None
        return self._root / account / share if snapshot is None else self._snapshots / account / share / snapshot

    def snapshots(self, account: str, share: str) -> list[Snapshot]:
        """The snapshots of a share, oldest first."""
        folder = self._snapshots / account / share
        return [
            Snapshot(each, json.loads((folder / f"{each}.json").read_text())) for each in self._times(account, share)
        ]

    def _times(self, account: str, share: str) -> list[str]:
        return sorted(path.stem for path in (self._snapshots / account / share).glob("*.json"))

    def snapshot(self, account: str, share: str, metadata: Mapping[str, str]) -> str:
        """Copy the share; return the snapshot's time.

        A copy takes a while: unlike Azure's, it is not atomic if something writes in the meantime.
        """
        time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
        folder = self._snapshots / account / share
        shutil.copytree(self._root / account / share, folder / time, copy_function=_copy_unless_gone)
        (folder / f"{time}.json").write_text(json.dumps(dict(metadata)))  # last: it marks the copy as complete
        return time

    def delete_snapshot(self, account: str, share: str, snapshot: str) -> None:
        """Delete a snapshot."""
        folder = self._snapshots / account / share
        (folder / f"{snapshot}.json").unlink(missing_ok=True)
        shutil.rmtree(folder / snapshot, ignore_errors=True)

    def usage(self, account: str, share: str) -> int:
        """Return the bytes in the share's files; 0 for a missing share."""
        return sum(path.lstat().st_size for path in (self._root / account / share).rglob("*") if path.is_file())


def _copy_unless_gone(source: str, target: str) -> None:
    """Copy a file with its times; skip it if it was deleted since it was listed."""
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


def open_to_containers(directory: Path, owner: int) -> None:
    """Let every user of a container write to a share, as in App Service; user id `owner` can delete what they write.

    Containers have their own users. A default access control list, inherited by new files and directories,
    gives `owner` access; if the file system does not support these lists, root has to delete the files.
    """
    directory.chmod(0o777)
    with suppress(OSError, AttributeError):
        os.setxattr(directory, "system.posix_acl_default", _everyone_and(owner))


def _everyone_and(owner: int) -> bytes:
    """Return the access control list in the kernel's format (linux/posix_acl_xattr.h): full access, `owner` by name."""
    user_object, user, group_object, mask, other = 0x01, 0x02, 0x04, 0x10, 0x20
    nobody, everything = 0xFFFFFFFF, 7
    entries = [(user_object, nobody), (user, owner), (group_object, nobody), (mask, nobody), (other, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, everything, id_) for tag, id_ in entries)
