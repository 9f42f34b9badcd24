"""The tests in here start no process: that is what makes them fast, and what `make test-fast` runs."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "pty.spawn"}
_within_a_test = ContextVar("within_a_test", default=False)


def _refuse_processes(event: str, _arguments: tuple[object, ...]) -> None:
    # At the interpreter's end, the names of a module are None.
    if STARTS_A_PROCESS and event in STARTS_A_PROCESS and _within_a_test.get():
        pytest.fail(f"{event}: a test that starts a process belongs to tests/integration, or beside it")


sys.addaudithook(_refuse_processes)  # it cannot be taken away again, so the tests elsewhere need `_within_a_test`


@pytest.fixture(autouse=True)
def _no_process() -> Iterator[None]:
    token = _within_a_test.set(True)
    yield
    _within_a_test.reset(token)
