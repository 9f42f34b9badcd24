"""Large files in chunks, so that several threads can move one file, each with one chunk in memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mlflow_azure.data.parts import Moved


def download(
    path: Path, size: int, piece: int, read: Callable[[int, int], bytes], moved: Moved
) -> Sequence[Callable[[], None]]:
    """Return the transfer of `size` bytes into a new file, in chunks of `piece`; `read` takes offset and length."""
    if not 0 < size <= piece:
        path.touch()

    def bring(offset: int) -> None:
        data = read(offset, min(piece, size - offset))
        with path.open("r+b" if size > piece else "wb") as file:
            file.seek(offset)
            file.write(data)
        moved(len(data))

    return [partial(bring, offset) for offset in range(0, size, piece)]


def upload(
    path: Path, size: int, piece: int, write: Callable[[int, bytes], object], moved: Moved
) -> Sequence[Callable[[], None]]:
    """Return the transfer of `size` bytes from `path`; `write` takes offset and bytes."""

    def take(offset: int) -> None:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(min(piece, size - offset))
        write(offset, data)
        moved(len(data))

    return [partial(take, offset) for offset in range(0, size, piece)]
