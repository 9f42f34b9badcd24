"""Resource Manager's records of the shares of the file endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Records:
    """The records of all accounts; each function takes the names of an account and of a share.

    Attributes:
        quota: Returns a share's quota in GiB.
        keep: Called when a share was created, or its quota changed.
        drop: Called when a share was deleted.

    """

    quota: Callable[[str, str], int] = lambda _account, _share: 0
    keep: Callable[[str, str, int], None] = lambda _account, _share, _quota: None
    drop: Callable[[str, str], None] = lambda _account, _share: None
