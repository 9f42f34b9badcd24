"""What the tests in a browser share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import Browser, browsing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser; the window's size is the module's WINDOW."""
    with browsing(*request.module.WINDOW) as browser:
        yield browser
