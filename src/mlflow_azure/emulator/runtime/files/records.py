"""What Resource Manager knows of the shares that the file endpoints serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Records:
    """The records of all accounts; each function takes the names of an account and of a share.

    Attributes:
        quota: Says how many GiB a share may hold.
        keep: Is told of a share that was made, or that may hold another number of GiB from now on.
        drop: Is told of a share that was deleted.

    """

    quota: Callable[[str, str], int] = lambda _account, _share: 0
    keep: Callable[[str, str, int], None] = lambda _account, _share, _quota: None
    drop: Callable[[str, str], None] = lambda _account, _share: None
