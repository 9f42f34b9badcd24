"""A lock tells whether a process lives: whoever looks at it keeps nobody from taking it."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mlflow_azure.emulator.locks import is_held, take

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60


def test_whoever_looks_at_the_same_time_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with file.open("a") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not is_held(file)


def test_who_takes_a_lock_waits_for_those_who_only_look(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with ThreadPoolExecutor(1) as pool:
        with file.open("a") as looking:
            fcntl.flock(looking, fcntl.LOCK_SH)
            assert take(file) is None
            taken = pool.submit(take, file, within=PATIENCE)
        held = taken.result()
    assert held is not None
    with held:
        assert is_held(file)
        assert take(file) is None
    assert not is_held(file)
