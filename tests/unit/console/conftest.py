"""What the tests of the console are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.consoles import NAME_TAKEN, Steps, Streams, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow_azure.errors import AzureRefusedError


@pytest.fixture
def steps() -> type[Steps]:
    return Steps


@pytest.fixture
def name_taken() -> AzureRefusedError:
    return NAME_TAKEN


@pytest.fixture
def streams() -> Callable[..., Streams]:
    return Streams


@pytest.fixture
def terminal() -> Iterator[Callable[[int, int], Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(columns: int = 100, height: int = 30) -> Terminal:
        opened.append(Terminal(columns, height))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.hang_up()
