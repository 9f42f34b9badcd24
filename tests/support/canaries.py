"""Looks for secrets where none may be: in what commands say, and in processes while they run."""

from __future__ import annotations

import gzip
import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

GZIP = b"\x1f\x8b"
TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]+\.")
_SIGNATURE = re.compile(r"\bsig=[\w%+/-]{20,}")
_PROCESSES = Path("/proc")
_OFTEN = 0.05  # seconds
_LOOKS = 10
"""A process that was just forked is called as its parent until it becomes another program."""


class Processes:
    """The processes that are seen during a `with` block.

    Args:
        directory: Stands in the environment of the commands that are meant: other workers of pytest run others, some
            with a user's token.

    Attributes:
        seen: Their command lines, each with its environment.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        self.seen: set[tuple[str, str]] = set()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_again_and_again)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look_again_and_again(self) -> None:
        looks: dict[Path, int] = {}
        while not self._over.wait(_OFTEN):
            there = list(_PROCESSES.glob("[0-9]*"))
            looks = {process: looks.get(process, 0) + 1 for process in there}
            for process in there:
                if looks[process] <= _LOOKS:
                    self._look(process)

    def _look(self, process: Path) -> None:
        with suppress(OSError):  # it has ended, or is not ours
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if line:
                self.seen.add((line, (process / "environ").read_bytes().decode(errors="replace")))

    def values(self, name: str) -> set[str]:
        """What an environment variable was, in any of them."""
        given = (each for _, environ in list(self.seen) for each in environ.split("\0"))
        return {each.partition("=")[2] for each in given if each.startswith(f"{name}=")}

    def tokens_of_tasks(self) -> dict[str, str]:
        """What temporary web apps want to be shown."""
        return {f"token {number}": each for number, each in enumerate(self.values("MLFLOW_SERVER_MIGRATION_TOKEN"))}

    def assert_clean(self, command: str, secrets: dict[str, str]) -> None:
        """No process had one in its arguments, nor a command in its environment; `command` was among them."""
        if not _PROCESSES.is_dir():
            pytest.skip("only Linux shows the arguments of processes as files")
        commands = [(line, environ) for line, environ in list(self.seen) if " -m mlflow_azure " in line]
        ours = [(line, environ) for line, environ in commands if self._directory in environ]
        assert any(f" -m mlflow_azure {command}" in line for line, _ in ours)
        for line, _ in list(self.seen):
            assert_clean(line, secrets)
        for _, environ in ours:
            assert_clean(environ, secrets)


def assert_clean(text: str, secrets: dict[str, str]) -> None:
    """None of the secrets, no token and no signature is in a text."""
    assert [what for what, secret in secrets.items() if secret in text] == []
    assert not TOKEN.search(text)
    assert not _SIGNATURE.search(text)


def assert_clean_files(roots: Iterable[Path], secrets: dict[str, str]) -> None:
    """None is in a file below these directories, compressed ones too."""
    for file in (Path(folder, name) for root in roots for folder, _, names in os.walk(root) for name in names):
        content = file.read_bytes()
        if content.startswith(GZIP):
            content = gzip.decompress(content)
        assert_clean(content.decode(errors="replace"), secrets)
