"""File shares: a directory each, `<home>/shares/<account>/<share>`."""

from __future__ import annotations

import os
import shutil
import struct
from contextlib import suppress
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


def open_to_containers(directory: Path, owner: int) -> None:
    """Let every user of a container write to a share, as App Service does; user id `owner` can delete what they write.

    Containers write as users of their own. A default access control list, which new files and directories inherit,
    keeps a door open for `owner`; where the file system has no such lists, root has to delete them.
    """
    directory.chmod(0o777)
    with suppress(OSError, AttributeError):
        os.setxattr(directory, "system.posix_acl_default", _everyone_and(owner))


def _everyone_and(owner: int) -> bytes:
    """The access control list in the kernel's form (linux/posix_acl_xattr.h): all may do all, `owner` by name."""
    user_object, user, group_object, mask, other = 0x01, 0x02, 0x04, 0x10, 0x20
    nobody, everything = 0xFFFFFFFF, 7
    entries = [(user_object, nobody), (user, owner), (group_object, nobody), (mask, nobody), (other, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, everything, id_) for tag, id_ in entries)
