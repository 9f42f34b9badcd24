from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data import crew
from mlflow_azure.data.parts import Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.data.crew import Work


def test_everything_that_work_brings_up_is_done_by_threads_at_the_same_time() -> None:
    done: list[tuple[int, ...]] = []
    together = threading.Barrier(3)

    def work(path: tuple[int, ...]) -> Iterable[Work]:
        if len(path) == 1:
            together.wait()
        done.append(path)
        return [partial(work, (*path, number)) for number in range(3)] if len(path) < 3 else []

    crew.share([lambda: work(())], 3)
    assert len(done) == len(set(done)) == 1 + 3 + 9 + 27


def test_the_last_piece_of_a_transfer_goes_on_with_what_comes_after() -> None:
    log: list[str] = []
    pieces = [partial(log.append, str(number)) for number in range(5)]
    crew.share(crew.carry_out(Transfer(pieces), lambda: log.append("end")), 3)
    assert (sorted(log[:-1]), log[-1]) == (list("01234"), "end")
    crew.share(crew.carry_out(Transfer([]), lambda: log.append("at once")), 1)
    assert log[-1] == "at once"


def test_the_first_failure_ends_the_work_and_is_raised() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise ValueError(number)

    with pytest.raises(ValueError, match="3"):
        crew.share([partial(work, number) for number in range(10)], 1)
    assert begun == [0, 1, 2, 3]
